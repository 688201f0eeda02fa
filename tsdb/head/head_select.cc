// The read path of samples: what Head::Select sees. head_labels.cc has the label calls.
#include <algorithm>
#include <utility>

#include "model/status.h"
#include "model/text.h"
#include "tsdb/head/head_impl.h"
#include "tsdb/head/head_series_set.h"

namespace hearth {
namespace {

// Looking postings up under the commit lock would make every commit wait for every regular
// expression, so it is done before and the result is thrown away when series came or went
// meanwhile. After this many tries the lock is taken first.
constexpr int kUnlockedTries = 2;
constexpr size_t kPrefetchAhead = 8;

struct Candidates {
  explicit Candidates(ByteAccount* account) : bytes(account) {}

  std::vector<uint32_t> slots;
  std::vector<size_t> label_ends;  // In `labels`, by slot's place.
  std::string labels;
  ByteCharge bytes;
};

// What a candidate takes here and, without its chunks, in a HeadSeriesSet.
constexpr size_t kCandidateBytes = sizeof(HeadSeriesSet::Entry) + 24;

absl::Status Lookup(const LabelIndex& index, std::span<const SelectRequest> requests,
                    ByteAccount* account, std::vector<Candidates>* all) {
  all->clear();
  for (size_t i = 0; i < requests.size(); ++i) all->emplace_back(account);
  for (size_t i = 0; i < requests.size(); ++i) {
    if (requests[i].range.empty()) continue;
    Candidates& found = (*all)[i];
    absl::Status charged;
    HEARTH_RETURN_IF_ERROR(
        index.Select(requests[i].matchers, [&](uint32_t slot, std::string_view labels) {
          if (!charged.ok()) return;
          charged = found.bytes.Add(kCandidateBytes + labels.size());
          found.slots.push_back(slot);
          found.labels.append(labels);
          found.label_ends.push_back(found.labels.size());
        }));
    HEARTH_RETURN_IF_ERROR(charged);
  }
  return absl::OkStatus();
}

// Copies what the candidates have in the range. Called under the commit lock.
std::unique_ptr<HeadSeriesSet> Copy(const SeriesTable& table, const LocatorLists& closed,
                                    const LateSamples& late, TimeRange range,
                                    Candidates candidates) {
  auto set = std::make_unique<HeadSeriesSet>();
  set->labels_ = std::move(candidates.labels);
  set->bytes_ = std::move(candidates.bytes);
  for (size_t i = 0; i < candidates.slots.size(); ++i) {
    if (i + kPrefetchAhead < candidates.slots.size())
      table.Prefetch(candidates.slots[i + kPrefetchAhead]);
    const MemSeries& series = table.At(candidates.slots[i]);
    HeadSeriesSet::Entry entry;
    entry.fingerprint = series.fingerprint;
    entry.labels_begin = i == 0 ? 0 : candidates.label_ends[i - 1];
    entry.labels_size = static_cast<uint32_t>(candidates.label_ends[i] - entry.labels_begin);
    entry.chunks_begin = set->chunks_.size();
    closed.ForEach(series.closed, [&](const ChunkLocator& locator) {
      if (locator.range().Overlaps(range)) set->chunks_.push_back(locator);
    });
    std::reverse(set->chunks_.begin() + static_cast<ptrdiff_t>(entry.chunks_begin),
                 set->chunks_.end());
    entry.chunks = static_cast<uint32_t>(set->chunks_.size() - entry.chunks_begin);
    const XorState& state = series.state;
    if (state.count > 0 && TimeRange{series.mint, state.t}.Overlaps(range)) {
      entry.open = ChunkMeta{series.mint, state.t, state.count, ChunkEncoding::kXor};
      entry.open_begin = set->open_.size();
      entry.open_size = static_cast<uint32_t>(XorBytes(state));
      set->open_.append(series.chunk, entry.open_size);
    }
    if (series.has_late) [[unlikely]]
      set->CopyLate(*late.Find(candidates.slots[i]), closed, range, &entry);
    if (entry.chunks > 0 || entry.open.count > 0 || entry.late != 0) {
      set->entries_.push_back(entry);
    }
  }
  return set;
}

}  // namespace

absl::StatusOr<std::vector<std::unique_ptr<SeriesSet>>> Head::Select(
    std::span<const SelectRequest> requests, ByteAccount* account) const {
  std::vector<std::unique_ptr<HeadSeriesSet>> sets;
  for (int attempt = 0; sets.empty() && !requests.empty(); ++attempt) {
    std::vector<Candidates> candidates;
    const uint64_t version = impl_->labels.version();
    if (attempt < kUnlockedTries)
      HEARTH_RETURN_IF_ERROR(Lookup(impl_->labels, requests, account, &candidates));
    MutexLock lock(&impl_->commit_mu);
    if (attempt >= kUnlockedTries) {
      // Series may still be created, but no sample of theirs can be committed while the lock is
      // held.
      HEARTH_RETURN_IF_ERROR(Lookup(impl_->labels, requests, account, &candidates));
    } else if (impl_->labels.version() != version) {
      continue;
    }
    const ChunkLogView log = impl_->chunk_log->View();
    for (size_t i = 0; i < requests.size(); ++i) {
      sets.push_back(Copy(impl_->table, impl_->closed, impl_->late, requests[i].range,
                          std::move(candidates[i])));
      sets.back()->log_ = log;
      HEARTH_RETURN_IF_ERROR(sets.back()->bytes_.Add(sets.back()->CopiedBytes()));
    }
  }
  std::vector<std::unique_ptr<SeriesSet>> result;
  for (std::unique_ptr<HeadSeriesSet>& set : sets) {
    std::sort(set->entries_.begin(), set->entries_.end(),
              [](const auto& a, const auto& b) { return a.fingerprint < b.fingerprint; });
    uint64_t bytes = 0;
    for (const ChunkLocator& locator : set->chunks_) bytes += ChunkLogView::FrameBytes(locator);
    // Without room for all of them the chunks are read one by one.
    set->fetch_bytes_ = ByteCharge(account);
    set->fetch_at_once_ =
        bytes <= HeadSeriesSet::kFetchBytesMax && set->fetch_bytes_.Add(bytes).ok();
    if (!set->fetch_at_once_) set->fetch_bytes_.Release();
    result.push_back(std::move(set));
  }
  return result;
}

}  // namespace hearth
