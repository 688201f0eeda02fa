#include "tsdb/sealed_coverage.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "model/status.h"
#include "tsdb/store/generation_reader.h"
#include "tsdb/window.h"

namespace hearth {

Lsn FlushedLsn(std::span<const GenerationInfo> catalogue, TimeMs start, TimeMs length) {
  Lsn lsn = 0;
  for (const GenerationInfo& info : catalogue) {
    lsn = std::max<Lsn>(lsn, info.CoveredUpTo(WindowRange(start, length)));
  }
  return lsn;
}

namespace {

absl::Status AddLeft(const GenerationReader& reader, std::span<const GenerationInfo> catalogue,
                     TimeMs window_ms, LeftSeries* left) {
  HEARTH_ASSIGN_OR_RETURN(const std::vector<CoveredSeries> covered, reader.ReadCovered());
  Postings ids;
  std::vector<Lsn> lsns;
  for (size_t i = 0; i < covered.size();) {
    const TimeMs start = covered[i].window_start;
    const Lsn flushed = FlushedLsn(catalogue, start, window_ms);
    ids.clear();
    lsns.clear();
    for (; i < covered.size() && covered[i].window_start == start; ++i) {
      if (covered[i].lsn <= flushed) continue;
      ids.push_back(covered[i].id);
      lsns.push_back(covered[i].lsn);
    }
    HEARTH_RETURN_IF_ERROR(
        reader.ReadSeries(ids, [&](size_t k, const Fingerprint& fingerprint, LabelsView) {
          left->Add({fingerprint, start, lsns[k]});
        }));
  }
  return absl::OkStatus();
}

}  // namespace

LeftSeries ReadLeftSeries(const Store& store, TimeMs window_ms) {
  LeftSeries left;
  const std::vector<GenerationInfo> catalogue = store.Catalogue();
  const std::shared_ptr<const StoreVersion> version = store.version();
  for (const std::shared_ptr<Generation>& generation : version->generations) {
    const GenerationInfo& info = generation->info;
    if (info.series_lsn == 0) continue;
    const bool covered = info.id.window.length == window_ms &&
                         info.series_lsn <= FlushedLsn(catalogue, info.id.window.start, window_ms);
    if (covered) continue;
    // Damage has been reported to the store.
    AddLeft(GenerationReader(&store, generation, BlockUse::kOnce), catalogue, window_ms, &left)
        .IgnoreError();
  }
  left.Finish();
  return left;
}

}  // namespace hearth
