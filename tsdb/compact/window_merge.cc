#include "tsdb/compact/window_merge.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <span>
#include <string>
#include <utility>

#include "model/status.h"
#include "tsdb/deletes/delete_mask.h"
#include "tsdb/kill_point.h"
#include "tsdb/merge_columns.h"
#include "tsdb/store/coverage_cursor.h"
#include "tsdb/store/generation_reader.h"

namespace hearth {

// One generation, walked in its order, which is (metric, labels). Holds a batch of series at a
// time.
class WindowMerge::Source {
 public:
  Source(const Store* store, std::shared_ptr<const Generation> generation)
      : generation_(generation), reader_(store, std::move(generation), BlockUse::kOnce) {}

  const GenerationReader& reader() const { return reader_; }
  uint64_t lsn() const { return generation_->lsn(); }
  // Finds out what is deleted, and stands in front of the first series.
  absl::Status Open(const DeleteList& deletes) {
    if (!deletes.empty()) {
      Postings all;
      HEARTH_RETURN_IF_ERROR(reader_.All(&all));
      HEARTH_ASSIGN_OR_RETURN(mask_, DeleteMask::Of(deletes, reader_.deletes_lsn(),
                                                    reader_.info().range, reader_, all));
    }
    HEARTH_ASSIGN_OR_RETURN(const std::vector<TimeMs> windows, reader_.CoveredWindows());
    for (const TimeMs start : windows) covered_.emplace_back(&reader_, start);
    return Fill();
  }
  bool has_deleted() const { return !mask_.empty(); }
  // Moves to the first or next series; done() afterwards when there is none.
  absl::Status Next() {
    if (++at_ < series_.size()) return absl::OkStatus();
    at_ = 0;
    return Fill();
  }
  bool done() const { return series_.empty(); }
  LabelsView labels() const { return series_[at_].labels; }
  const Fingerprint& fingerprint() const { return series_[at_].fingerprint; }
  std::string_view bundle() const { return series_[at_].bundle; }
  // What is deleted of the series.
  std::span<const TimeRange> deleted() const { return mask_.ranges(id()); }
  // Raises (*lsns)[window] to what the series is covered up to by itself.
  absl::Status AddCovered(std::map<TimeMs, Lsn>* lsns) {
    for (CoverageCursor& cursor : covered_) {
      HEARTH_ASSIGN_OR_RETURN(const Lsn covered, cursor.LsnOf(id()));
      if (covered == 0) continue;
      Lsn& lsn = (*lsns)[cursor.window_start()];
      lsn = std::max(lsn, covered);
    }
    return absl::OkStatus();
  }

 private:
  static constexpr uint64_t kBatchSeries = 64;  // A day has two dozen sources or more.
  struct Series {
    Labels labels;
    Fingerprint fingerprint;
    std::string bundle;
  };

  uint32_t id() const { return static_cast<uint32_t>(next_id_ - series_.size() + at_); }

  absl::Status Fill() {
    series_.clear();
    const uint64_t end = std::min(reader_.info().series, next_id_ + kBatchSeries);
    Postings ids(end - next_id_);
    std::iota(ids.begin(), ids.end(), static_cast<uint32_t>(next_id_));
    next_id_ = end;
    if (ids.empty()) return absl::OkStatus();
    series_.resize(ids.size());
    HEARTH_RETURN_IF_ERROR(
        reader_.ReadSeries(ids, [&](size_t i, const Fingerprint& fingerprint, LabelsView labels) {
          series_[i].labels = Labels(labels);
          series_[i].fingerprint = fingerprint;
        }));
    return reader_.ReadBundles(
        ids, [&](size_t i, std::string_view bundle) { series_[i].bundle = bundle; });
  }

  const std::shared_ptr<const Generation> generation_;
  const GenerationReader reader_;
  std::vector<CoverageCursor> covered_;
  DeleteMask mask_;  // Of all series.
  uint64_t next_id_ = 0;
  std::vector<Series> series_;
  size_t at_ = 0;
};

absl::Status WindowMerge::Run() {
  if (!ingested()) {
    Sources sources;
    HEARTH_RETURN_IF_ERROR(OpenSources(&sources));
    if (sources.empty()) return absl::OkStatus();
    if (NothingToChange(sources)) {
      return store_->NoteDeletesApplied(sources.front()->reader().info().id, origin_.deletes_lsn);
    }
    HEARTH_RETURN_IF_ERROR(WriteAndIngest(&sources));
    // Not a reader any more: what is replaced can be deleted at once.
    sources.clear();
  }
  if (info_) {
    HEARTH_RETURN_IF_ERROR(store_->Publish(*info_));
    PassKillPoint(KillPoint::kMergePublished);
    return absl::OkStatus();
  }
  std::vector<GenerationId> all = origin_.replaces_inside;
  for (const uint32_t generation : origin_.replaces) all.push_back({window_, generation});
  return store_->Drop(all);
}

absl::Status WindowMerge::OpenSources(Sources* sources) {
  counts_ = {};
  origin_ = {};
  const std::shared_ptr<const StoreVersion> version = store_->version();
  for (const std::shared_ptr<Generation>& generation : version->generations) {
    const GenerationInfo info = generation->Info();
    if (!IsTaken(info.id)) continue;
    origin_.lsn = std::max<Lsn>(origin_.lsn, info.lsn);
    origin_.deletes_lsn = std::max<Lsn>(origin_.deletes_lsn, info.deletes_lsn);
    NoteReplaced(info);
    sources->push_back(std::make_unique<Source>(store_, generation));
    HEARTH_RETURN_IF_ERROR(sources->back()->Open(*deletes_));
  }
  std::sort(origin_.replaces_inside.begin(), origin_.replaces_inside.end());
  CondenseMerged();
  counts_.generations = sources->size();
  // Deletes that have left the list had nothing to hide here.
  origin_.deletes_lsn = std::max(origin_.deletes_lsn, deletes_->last_lsn);
  return absl::OkStatus();
}

bool WindowMerge::IsTaken(const GenerationId& id) const {
  return from_ == 0 ? window_.Holds(id.window) : id.window == window_ && id.generation >= from_;
}

void WindowMerge::NoteReplaced(const GenerationInfo& info) {
  if (from_ != 0) {
    // What a source has replaced may still have files.
    const bool merged = !info.replaces.empty() || !info.replaces_inside.empty();
    const uint32_t from = merged ? info.replaces_from : info.id.generation;
    if (origin_.replaces.empty() || from < origin_.replaces_from) origin_.replaces_from = from;
  }
  if (info.id.window == window_) {
    origin_.replaces.push_back(info.id.generation);
    if (info.merged.empty()) origin_.merged.push_back({window_, info.lsn});
  } else {
    origin_.replaces_inside.push_back(info.id);
    if (info.merged.empty()) origin_.merged.push_back({info.id.window, info.lsn});
  }
  origin_.merged.insert(origin_.merged.end(), info.merged.begin(), info.merged.end());
}

// What was noted: the highest LSN of each window; nothing when there is no other window.
void WindowMerge::CondenseMerged() {
  std::map<WindowId, Lsn> lsns;
  for (const MergedWindow& merged : origin_.merged) {
    lsns[merged.window] = std::max<Lsn>(lsns[merged.window], merged.lsn);
  }
  origin_.merged.clear();
  if (lsns.size() == 1 && lsns.begin()->first == window_) return;
  for (const auto& [window, lsn] : lsns) origin_.merged.push_back({window, lsn});
}

bool WindowMerge::NothingToChange(const Sources& sources) const {
  return sources.size() == 1 && !sources.front()->has_deleted() &&
         sources.front()->reader().info().id.window == window_;
}

absl::Status WindowMerge::WriteAndIngest(Sources* sources) {
  HEARTH_ASSIGN_OR_RETURN(const std::unique_ptr<GenerationWriter> writer,
                          GenerationWriter::Create(store_->scratch_path(),
                                                   store_->NextGeneration(window_), store_->env()));
  std::vector<Source*> same;  // In order of generation.
  for (;;) {
    if (stop_->load(std::memory_order_relaxed)) return absl::CancelledError("stopping");
    same.clear();
    for (const std::unique_ptr<Source>& source : *sources) {
      if (source->done()) continue;
      if (!same.empty() && source->fingerprint() == same.front()->fingerprint()) {
        same.push_back(source.get());
      } else if (same.empty() || MetricOrder(source->labels(), same.front()->labels())) {
        same.assign({source.get()});
      }
    }
    if (same.empty()) break;
    HEARTH_RETURN_IF_ERROR(AddSeries(same, writer.get()));
    for (Source* const source : same) HEARTH_RETURN_IF_ERROR(source->Next());
  }
  if (writer->series() == 0) return absl::OkStatus();
  HEARTH_ASSIGN_OR_RETURN(const SealedFiles files, writer->Finish(origin_));
  PassKillPoint(KillPoint::kMergeWritten);
  HEARTH_RETURN_IF_ERROR(store_->Ingest(files));
  PassKillPoint(KillPoint::kMergeIngested);
  info_ = files.info;
  counts_.series = files.info.series;
  counts_.samples = files.info.samples;
  return absl::OkStatus();
}

absl::Status WindowMerge::AddSeries(const std::vector<Source*>& same, GenerationWriter* writer) {
  const Source& first = *same.front();
  columns_.Clear();
  for (const Source* const source : same) {
    const size_t begin = columns_.t.size();
    HEARTH_RETURN_IF_ERROR(
        source->reader().DecodeSamples(source->bundle(), window_.range(), &columns_));
    RemoveRanges(source->deleted(), begin, &columns_);
    MergeTail(begin, &columns_);
  }
  if (columns_.t.empty()) return absl::OkStatus();
  HEARTH_RETURN_IF_ERROR(writer->Add(first.labels(), first.fingerprint(), columns_.t, columns_.v));
  return PassCoverage(same, writer);
}

absl::Status WindowMerge::PassCoverage(const std::vector<Source*>& same, GenerationWriter* writer) {
  std::map<TimeMs, Lsn> lsns;
  for (Source* const source : same) HEARTH_RETURN_IF_ERROR(source->AddCovered(&lsns));
  for (const auto& [start, lsn] : lsns) {
    if (lsn > CoveredUpTo(start)) writer->Cover(start, lsn);
  }
  return absl::OkStatus();
}

Lsn WindowMerge::CoveredUpTo(TimeMs window_start) const {
  if (origin_.merged.empty()) return window_.start == window_start ? origin_.lsn : 0;
  Lsn lsn = 0;
  for (const MergedWindow& merged : origin_.merged) {
    if (merged.window.start == window_start) lsn = std::max<Lsn>(lsn, merged.lsn);
  }
  return lsn;
}

}  // namespace hearth
