// tools/compliance/query_set.h
//
// The query templates of Prometheus' compliance project (promql-test-queries.yml), written out: a
// template names variables, `rate(x[{{.range}}])`, and stands for each combination of their values.
// The values are the project's and are a table here, since its file has the names only.
//
// Thread safety: pure function.
#ifndef HEARTH_TOOLS_COMPLIANCE_QUERY_SET_H_
#define HEARTH_TOOLS_COMPLIANCE_QUERY_SET_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace hearth::compliance {

struct Query {
  std::string text;
  bool should_fail = false;
};

// The queries in the order of the file, the last variable changing fastest. kInvalidArgument when
// `yaml` is no such file or names a variable that is not in the table.
absl::StatusOr<std::vector<Query>> ExpandQueries(std::string_view yaml);

}  // namespace hearth::compliance

#endif  // HEARTH_TOOLS_COMPLIANCE_QUERY_SET_H_
