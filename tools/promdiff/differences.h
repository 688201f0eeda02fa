// tools/promdiff/differences.h
//
// The known differences between Prometheus 2 and 3 (docs/differences.md names each), and for each
// the test that a failing query is an example of it. A row looks at a minimised query and checks
// the numbers, not the names: everything that is like the difference and not it stays a failure.
//
// Thread safety: pure functions over the servers.
#ifndef HEARTH_TOOLS_PROMDIFF_DIFFERENCES_H_
#define HEARTH_TOOLS_PROMDIFF_DIFFERENCES_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/promdiff/answer.h"
#include "tools/promdiff/grammar.h"

namespace hearth::promdiff {

// A minimised query on which the two disagree.
struct Case {
  Query query;
  Answer hearth, peer;
  // Answers to other queries.
  std::function<Answer(const Query&)> ask_hearth, ask_peer;
};

struct KnownDifference {
  std::string_view name;  // As docs/differences.md has it.
  bool (*explains)(const Case&);
};

const std::vector<KnownDifference>& KnownDifferences();
// The row that explains the case, or null.
const KnownDifference* Explain(const Case& c);

// rate() (per_second) and increase() of the samples of a window, as Prometheus 2 and 3 extrapolate
// a counter towards its zero.
struct Extrapolation {
  double version2 = 0, version3 = 0;
};
Extrapolation ExtrapolateCounter(const std::vector<Point>& samples, TimeMs window_start,
                                 TimeMs window_end, bool per_second);

}  // namespace hearth::promdiff

#endif  // HEARTH_TOOLS_PROMDIFF_DIFFERENCES_H_
