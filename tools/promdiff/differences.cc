#include "tools/promdiff/differences.h"

namespace hearth::promdiff {

const std::vector<KnownDifference>& KnownDifferences() {
  static const std::vector<KnownDifference> rows = {};
  return rows;
}

const KnownDifference* Explain(const Case& c) {
  for (const KnownDifference& row : KnownDifferences()) {
    if (row.explains(c)) return &row;
  }
  return nullptr;
}

}  // namespace hearth::promdiff
