// Exemplars on the write path, in a replay and for queries. They are in the WAL beside the samples
// of their commit and nowhere else on disk: a restart brings back those whose segment is still
// there.
#include "model/text.h"
#include "tsdb/head/head_impl.h"

namespace hearth {

void Head::Impl::JudgeExemplars(std::span<const BufferedExemplar> buffered, CommitResult* result) {
  const uint32_t slots = table.slot_end();
  const TimeMs window_ms = out_of_order_window_ms.load(std::memory_order_relaxed);
  for (uint32_t i = 0; i < buffered.size(); ++i) {
    const auto& [ref, exemplar] = buffered[i];
    const uint32_t slot = SeriesTable::SlotOf(ref);
    MemSeries* const series = slot < slots ? &table.At(slot) : nullptr;
    if (series == nullptr || series->generation != SeriesTable::GenerationOf(ref) ||
        (!series->has_last && series->pending == 0)) {
      exemplars_dropped.fetch_add(1, std::memory_order_relaxed);
      continue;
    }
    switch (exemplars.Judge(series->fingerprint, exemplar, window_ms)) {
      case ExemplarStore::Outcome::kAdded:
        batch.AddExemplar({RefInWal(slot, series), exemplar});
        accepted_exemplars.push_back(i);
        break;
      case ExemplarStore::Outcome::kOutOfOrder:
        ++result->exemplars_out_of_order;
        break;
      case ExemplarStore::Outcome::kDuplicate:
        break;
      case ExemplarStore::Outcome::kOff:  // Since a moment ago.
        exemplars_dropped.fetch_add(1, std::memory_order_relaxed);
        break;
    }
  }
}

void Head::Impl::ApplyExemplars(std::span<const BufferedExemplar> buffered) {
  const TimeMs window_ms = out_of_order_window_ms.load(std::memory_order_relaxed);
  for (const uint32_t i : accepted_exemplars) {
    const uint32_t slot = SeriesTable::SlotOf(buffered[i].ref);
    exemplars.Add(table.At(slot).fingerprint, buffered[i].exemplar, window_ms, [&] {
      std::string bytes;
      labels.AppendLabels(slot, &bytes);
      return Labels(LabelsView(bytes));
    });
  }
}

void Head::Impl::ReplayExemplar(uint32_t slot, const Exemplar& exemplar) {
  if (!ExemplarStore::LabelsFit(exemplar.labels)) return;
  exemplars.Add(table.At(slot).fingerprint, exemplar, options.out_of_order_window_ms, [&] {
    std::string bytes;
    labels.AppendLabels(slot, &bytes);
    return Labels(LabelsView(bytes));
  });
}

std::vector<SeriesExemplars> Head::SelectExemplars(
    std::span<const std::vector<Matcher>> matcher_sets, TimeRange range) const {
  return impl_->exemplars.Select(matcher_sets, range);
}

void Head::SetMaxExemplars(uint64_t max) { impl_->exemplars.Resize(max); }

}  // namespace hearth
