// query/exec/grouping.h
//
// Which group of an aggregation each input series belongs to, and the groups' labels.
//
// Thread safety: immutable once built.
#ifndef HEARTH_QUERY_EXEC_GROUPING_H_
#define HEARTH_QUERY_EXEC_GROUPING_H_

#include <string>
#include <vector>

#include "query/exec/operator.h"
#include "query/exec/series_map.h"

namespace hearth::promql {

class Grouping {
 public:
  // Groups come in ascending order of fingerprint. What they take is added to *charge.
  absl::Status Build(const std::vector<SeriesMeta>& inputs, const AggregateExpr& aggregate,
                     ByteCharge* charge);

  const std::vector<SeriesMeta>& groups() const { return groups_; }
  uint32_t group_of(size_t input) const { return group_of_[input]; }

 private:
  std::vector<SeriesMeta> groups_;
  std::vector<uint32_t> group_of_;
  LabelArena arena_;
};

// Replaces *bytes by the labels that `names` keep (by), or all but those and the metric name
// (without).
void GroupLabels(LabelsView labels, const std::vector<std::string>& names, bool without,
                 std::string* bytes);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_EXEC_GROUPING_H_
