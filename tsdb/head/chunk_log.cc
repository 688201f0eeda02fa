#include "tsdb/head/chunk_log.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "model/status.h"
#include "model/text.h"
#include "tsdb/kill_point.h"
#include "tsdb/wal/coding.h"
#include "tsdb/wal/newest_mark.h"
#include "tsdb/wal/segment.h"

namespace hearth {
namespace {

// Series payload: fingerprint 16, labels. Chunk payload: fingerprint 16, mint 8, maxt 8, count 4,
// encoding 1, zero 3, chunk bytes.
constexpr size_t kFingerprintBytes = 16;
constexpr size_t kChunkHeaderBytes = 40;
// Locators hold 32-bit offsets.
constexpr uint64_t kMaxSegmentBytes = uint64_t{1} << 31;

void PutFingerprint(const Fingerprint& fp, std::string* out) {
  PutFixed(fp.hi, out);
  PutFixed(fp.lo, out);
}

bool IsChunk(uint8_t type) {
  return type == static_cast<uint8_t>(ChunkLogRecordType::kChunk) ||
         type == static_cast<uint8_t>(ChunkLogRecordType::kLateChunk);
}

struct ChunkRecord {
  Fingerprint fingerprint;
  ChunkMeta meta;
  std::string_view payload;
};

bool ParseChunkRecord(std::string_view bytes, ChunkRecord* record) {
  ByteReader in(bytes);
  uint32_t encoding;  // One byte and three zeros.
  if (!in.Fixed(&record->fingerprint.hi) || !in.Fixed(&record->fingerprint.lo) ||
      !in.Fixed(&record->meta.mint) || !in.Fixed(&record->meta.maxt) ||
      !in.Fixed(&record->meta.count) || !in.Fixed(&encoding)) {
    return false;
  }
  record->meta.encoding = static_cast<ChunkEncoding>(encoding);
  record->payload = bytes.substr(kChunkHeaderBytes);
  const TimeRange range = record->meta.range();
  return encoding <= UINT8_MAX && FindChunkEncoding(static_cast<uint8_t>(encoding)) != nullptr &&
         !range.empty() &&
         static_cast<uint64_t>(range.maxt) - static_cast<uint64_t>(range.mint) <= UINT32_MAX &&
         record->meta.count >= 1 && record->meta.count <= kMaxChunkSamples &&
         record->payload.size() <= kMaxChunkBytes;
}

ChunkLocator LocatorOf(const ChunkMeta& meta, size_t payload_bytes, uint32_t segment,
                       uint64_t offset) {
  return ChunkLocator{meta.mint,
                      static_cast<uint32_t>(meta.maxt - meta.mint),
                      segment,
                      static_cast<uint32_t>(offset),
                      static_cast<uint16_t>(payload_bytes),
                      static_cast<uint8_t>(meta.count),
                      meta.encoding};
}

// When one whole chunk is all that is damaged in a segment, and what its header says is of a series
// that the segment has, then it is that series and those times that are lost.
void BelieveHeader(const File& file, absl::FunctionRef<bool(const Fingerprint&)> known,
                   SegmentDamage* damage) {
  if (damage->place_count != 1 || damage->lost_labels) return;
  const SkippedBytes& place = damage->places[0];
  std::string bytes(kFrameHeaderBytes + kChunkHeaderBytes, 0);
  const absl::StatusOr<size_t> read = file.ReadAt(place.offset, bytes.data(), bytes.size());
  if (!read.ok() || *read < bytes.size()) return;
  const std::optional<ClaimedFrame> claimed = ClaimedByHeader(kChunkLogKind, bytes);
  ChunkRecord record;
  if (!claimed || claimed->bytes != place.bytes || !IsChunk(claimed->type) ||
      !ParseChunkRecord(std::string_view(bytes).substr(kFrameHeaderBytes), &record) ||
      !known(record.fingerprint)) {
    return;
  }
  damage->places[0].at_end = false;  // It was written whole.
  damage->times = record.meta.range();
  damage->ends_open = false;
  damage->series = 1;
}

// Of the buffer, while nothing waits in it.
constexpr size_t kKeptBytes = size_t{256} << 10;
// Bytes that nobody asked for are cheaper than another read up to here.
constexpr uint64_t kReadThroughBytes = 2048;

absl::Status Damaged(const ChunkLocator& locator, std::string_view what) {
  return absl::DataLossError(StrCat("chunk log segment ", locator.segment, " at offset ",
                                    locator.offset, ": chunk of ", locator.count, " samples from ",
                                    locator.mint, ": ", what));
}

}  // namespace

size_t ChunkLogView::FrameBytes(const ChunkLocator& locator) {
  return kFrameHeaderBytes + kChunkHeaderBytes + locator.bytes;
}

absl::Status ChunkLogView::Append(const ChunkLocator& locator, size_t n,
                                  std::string* storage) const {
  const size_t start = storage->size();
  if (IsPending(locator)) {
    storage->append(*pending_, locator.offset - pending_offset_, n);
    storage->resize(start + n);
    return absl::OkStatus();
  }
  const auto it = std::lower_bound(segments_.begin(), segments_.end(), locator.segment,
                                   [](const Segment& s, uint32_t n) { return s.number < n; });
  if (it == segments_.end() || it->number != locator.segment) {
    return Damaged(locator, "no such segment");
  }
  storage->resize(start + n);
  return it->file->ReadAt(locator.offset, storage->data() + start, n).status();
}

absl::StatusOr<std::string_view> ChunkLogView::Payload(const ChunkLocator& locator,
                                                       const Fingerprint& fingerprint,
                                                       std::string_view bytes) {
  Frame frame;
  ChunkRecord record;
  const bool good = ParseFrame(kChunkLogKind, bytes, &frame) && IsChunk(frame.type) &&
                    ParseChunkRecord(frame.payload, &record) && record.fingerprint == fingerprint &&
                    record.meta == locator.meta() && record.payload.size() == locator.bytes;
  if (!good) return Damaged(locator, "the bytes are damaged");
  return record.payload;
}

absl::StatusOr<size_t> ChunkLogView::Read(const ChunkLocator& locator,
                                          const Fingerprint& fingerprint,
                                          std::string* storage) const {
  const size_t start = storage->size();
  absl::Status status = Append(locator, FrameBytes(locator), storage);
  if (status.ok()) {
    status = Payload(locator, fingerprint, std::string_view(*storage).substr(start)).status();
  }
  if (!status.ok()) {
    storage->resize(start);
    return status;
  }
  return start + kFrameHeaderBytes + kChunkHeaderBytes;
}

absl::Status ChunkLogView::ReadFrames(std::span<const ChunkLocator> locators, std::string* storage,
                                      std::vector<size_t>* places) const {
  std::vector<uint32_t> order(locators.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return std::pair(locators[a].segment, locators[a].offset) <
           std::pair(locators[b].segment, locators[b].offset);
  });
  places->resize(locators.size());
  struct Run {
    const ChunkLocator* first;
    uint64_t bytes;
  };
  std::vector<Run> runs;
  size_t start = storage->size();
  for (size_t i = 0; i < order.size();) {
    const ChunkLocator& first = locators[order[i]];
    uint64_t end = first.offset;
    // One read for as long as the next frame is near and in the same place.
    for (; i < order.size(); ++i) {
      const ChunkLocator& locator = locators[order[i]];
      if (locator.segment != first.segment || locator.offset > end + kReadThroughBytes ||
          IsPending(locator) != IsPending(first)) {
        break;
      }
      (*places)[order[i]] = start + (locator.offset - first.offset);
      end = std::max<uint64_t>(end, locator.offset + FrameBytes(locator));
    }
    runs.push_back({&first, end - first.offset});
    start += end - first.offset;
  }
  storage->reserve(start);
  for (const Run& run : runs) HEARTH_RETURN_IF_ERROR(Append(*run.first, run.bytes, storage));
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<ChunkLog>> ChunkLog::Open(ChunkLogOptions options, OnChunk on_chunk,
                                                         ChunkLogReplay* replay) {
  options.segment_bytes = std::min(options.segment_bytes, kMaxSegmentBytes);
  std::unique_ptr<ChunkLog> log(new ChunkLog(std::move(options)));
  HEARTH_ASSIGN_OR_RETURN(const std::vector<uint32_t> numbers,
                          ListSegments(*log->options_.fs, log->options_.dir));
  for (const uint32_t number : numbers) {
    // What was before this segment should have ended well, and be there.
    if (number != numbers.front()) {
      replay->whole &= replay->torn_tail_bytes == 0 && log->segments_.contains(number - 1);
    }
    HEARTH_RETURN_IF_ERROR(log->ReadSegment(number, on_chunk, replay));
  }
  replay->whole &= replay->skipped_bytes == 0;
  const uint32_t newest = numbers.empty() ? 0 : numbers.back();
  HEARTH_ASSIGN_OR_RETURN(const uint32_t marked,
                          MarkedNewest(*log->options_.fs, log->options_.dir));
  if (marked > newest) replay->missing_newest = marked;
  replay->whole &= marked <= newest;
  log->current_ = std::max(newest, marked) + 1;
  return log;
}

absl::Status ChunkLog::ReadSegment(uint32_t number, OnChunk on_chunk, ChunkLogReplay* replay) {
  HEARTH_ASSIGN_OR_RETURN(std::shared_ptr<File> file,
                          options_.fs->OpenRead(SegmentPath(options_.dir, number)));
  HEARTH_ASSIGN_OR_RETURN(FrameScanner scanner, FrameScanner::Open(kChunkLogKind, file.get()));
  Segment& segment = segments_[number];
  segment.file = file;
  segment.size = scanner.file_size();
  ++replay->segments;
  replay->damage.BeginSegment(number);
  struct Series {
    std::string labels;
    uint32_t note = kNoNote;
  };
  absl::flat_hash_map<Fingerprint, Series> series;
  absl::flat_hash_set<Fingerprint> without_labels;
  Frame frame;
  for (;;) {
    HEARTH_ASSIGN_OR_RETURN(const bool more, scanner.Next(&frame));
    if (!more) break;
    replay->damage.Read(scanner);
    replay->max_lsn = std::max(replay->max_lsn, frame.lsn);
    ChunkRecord record;
    if (frame.type == static_cast<uint8_t>(ChunkLogRecordType::kSeries)) {
      ByteReader in(frame.payload);
      Fingerprint fp;
      if (in.Fixed(&fp.hi) && in.Fixed(&fp.lo)) {
        const std::string_view labels = frame.payload.substr(kFingerprintBytes);
        if (FingerprintOf(labels) == fp && !labels.empty()) {
          series.try_emplace(fp, Series{std::string(labels)});
        }
      }
    } else if (IsChunk(frame.type) && ParseChunkRecord(frame.payload, &record)) {
      ++replay->chunks;
      segment.first_lsn = std::min(segment.first_lsn, frame.lsn);
      const auto of = series.find(record.fingerprint);
      // Without its labels a chunk is lost to us; the WAL may have its samples.
      if (of == series.end()) {
        replay->whole = false;
        without_labels.insert(record.fingerprint);
        replay->damage.LostLabels(record.meta.range());
        continue;
      }
      replay->damage.Neighbour(record.meta.range());
      segment.wanted +=
          on_chunk({.fingerprint = record.fingerprint,
                    .labels = LabelsView(of->second.labels),
                    .lsn = frame.lsn,
                    .locator = LocatorOf(record.meta, record.payload.size(), number, frame.offset),
                    .late = frame.type == static_cast<uint8_t>(ChunkLogRecordType::kLateChunk),
                    .note = &of->second.note});
    } else {
      replay->skipped_bytes += kFrameHeaderBytes + frame.payload.size();
      replay->damage.Malformed(frame.offset, kFrameHeaderBytes + frame.payload.size());
    }
  }
  for (const SkippedBytes& skipped : scanner.skipped()) {
    (skipped.at_end ? replay->torn_tail_bytes : replay->skipped_bytes) += skipped.bytes;
  }
  replay->damage.EndSegment(scanner, series.size() + without_labels.size());
  if (SegmentDamage* const damage = replay->damage.current()) {
    BelieveHeader(
        *file, [&](const Fingerprint& fp) { return series.contains(fp); }, damage);
  }
  return absl::OkStatus();
}

ChunkLocator ChunkLog::Append(ChunkLogRecordType type, const Fingerprint& fingerprint,
                              const ChunkMeta& meta, std::string_view payload, Lsn lsn,
                              uint32_t* labelled_segment,
                              absl::FunctionRef<void(std::string* labels)> labels) {
  if (roll_ && pending_.empty()) {
    ++current_;
    written_ = kSegmentHeaderBytes;
    roll_ = false;
  }
  std::string record;
  if (*labelled_segment != current_) {
    PutFingerprint(fingerprint, &record);
    labels(&record);
    AppendFrame(kChunkLogKind, static_cast<uint8_t>(ChunkLogRecordType::kSeries), lsn, record,
                &pending_);
    record.clear();
    *labelled_segment = current_;
  }
  PutFingerprint(fingerprint, &record);
  PutFixed(meta.mint, &record);
  PutFixed(meta.maxt, &record);
  PutFixed(meta.count, &record);
  PutFixed(static_cast<uint32_t>(meta.encoding), &record);
  record.append(payload);
  const ChunkLocator locator =
      LocatorOf(meta, payload.size(), current_, written_ + pending_.size());
  AppendFrame(kChunkLogKind, static_cast<uint8_t>(type), lsn, record, &pending_);
  if (marks_.empty() || marks_.back().lsn < lsn) marks_.push_back({lsn, 0});
  marks_.back().end = pending_.size();
  Segment& segment = segments_[current_];
  ++segment.wanted;
  segment.first_lsn = std::min(segment.first_lsn, lsn);
  return locator;
}

void ChunkLog::SyncEarlierSegments() {
  for (const Unsynced& file : UnsyncedFiles()) NoteSynced(file, file.file->Sync());
}

absl::Status ChunkLog::StartSegment(Segment* segment) {
  // Or a power cut could take the end of the old segment and leave what came later: a hole. What
  // cannot be synced is past helping, and is counted.
  SyncEarlierSegments();
  absl::StatusOr<std::unique_ptr<File>> file =
      CreateSegment(*options_.fs, kChunkLogKind, options_.dir, current_);
  if (file.ok()) {
    segment->file = *std::move(file);
    MarkNewest(*options_.fs, options_.dir, current_).IgnoreError();
    PassKillPoint(KillPoint::kChunkLogRolled);
  }
  // The remains of an attempt that could not even be removed: the number is ours, so try again
  // without them.
  if (absl::IsAlreadyExists(file.status())) {
    options_.fs->Remove(SegmentPath(options_.dir, current_)).IgnoreError();
  }
  return file.status();
}

absl::Status ChunkLog::Flush(Lsn durable) {
  size_t bytes = 0;
  auto waiting = marks_.begin();
  for (; waiting != marks_.end() && waiting->lsn <= durable; ++waiting) bytes = waiting->end;
  if (bytes == 0) return absl::OkStatus();
  Segment& segment = segments_[current_];
  absl::Status status;
  if (segment.file == nullptr) status = StartSegment(&segment);
  if (status.ok()) {
    status = segment.file->WriteAt(written_, std::string_view(pending_).substr(0, bytes));
  }
  if (!status.ok()) {
    ++failures_;
    return absl::UnavailableError(ToAbsl(StrCat("chunk log: ", FromAbsl(status.message()))));
  }
  PassKillPoint(KillPoint::kChunkLogWritten);
  written_ += bytes;
  written_bytes_ += bytes;
  segment.size = written_;
  pending_.erase(0, bytes);
  if (pending_.empty() && pending_.capacity() > kKeptBytes) pending_.shrink_to_fit();
  marks_.erase(marks_.begin(), waiting);
  for (Mark& mark : marks_) mark.end -= bytes;
  if (written_ >= options_.segment_bytes) roll_ = true;
  return absl::OkStatus();
}

absl::Status ChunkLog::Roll() {
  HEARTH_RETURN_IF_ERROR(Flush());
  if (written_ > kSegmentHeaderBytes) roll_ = true;
  return absl::OkStatus();
}

std::vector<ChunkLog::Unsynced> ChunkLog::UnsyncedFiles() const {
  std::vector<Unsynced> files;
  for (const auto& [number, segment] : segments_) {
    if (segment.file == nullptr || segment.synced >= segment.size || segment.sync_failed) continue;
    files.push_back({number, segment.size, segment.file});
  }
  return files;
}

void ChunkLog::NoteSynced(const Unsynced& file, const absl::Status& status) {
  const auto it = segments_.find(file.segment);
  if (it == segments_.end() || it->second.file != file.file) return;
  if (status.ok()) {
    it->second.synced = std::max(it->second.synced, file.size);
    return;
  }
  ++failures_;
  it->second.sync_failed = true;
  if (file.segment == current_) roll_ = true;
}

bool ChunkLog::can_be_synced() const {
  return std::none_of(segments_.begin(), segments_.end(), [](const auto& segment) {
    return segment.second.sync_failed && segment.second.wanted > 0;
  });
}

void ChunkLog::Release(const ChunkLocator& locator) {
  const auto it = segments_.find(locator.segment);
  if (it != segments_.end() && it->second.wanted > 0) --it->second.wanted;
}

bool ChunkLog::Deletable(const std::pair<const uint32_t, Segment>& segment) const {
  const bool in_use = segment.first == current_ && !(roll_ && pending_.empty());
  return segment.second.wanted == 0 && !in_use;
}

absl::Status ChunkLog::DeleteUnused() {
  absl::Status status;
  // The newest can be among them as long as nothing was written since the start.
  if (!segments_.empty() && Deletable(*segments_.rbegin())) {
    status.Update(RemoveNewestMark(*options_.fs, options_.dir));
  }
  for (auto it = segments_.begin(); it != segments_.end();) {
    if (!Deletable(*it)) {
      ++it;
      continue;
    }
    const absl::Status removed = it->second.file == nullptr
                                     ? absl::OkStatus()
                                     : options_.fs->Remove(SegmentPath(options_.dir, it->first));
    status.Update(removed);
    PassKillPoint(KillPoint::kChunkLogSegmentDeleted);
    it = removed.ok() || absl::IsNotFound(removed) ? segments_.erase(it) : std::next(it);
  }
  return status;
}

ChunkLogView ChunkLog::View() const {
  ChunkLogView view;
  view.segments_.reserve(segments_.size());
  for (const auto& [number, segment] : segments_) {
    if (segment.file != nullptr) view.segments_.push_back({number, segment.file});
  }
  if (!pending_.empty()) {
    view.pending_segment_ = current_;
    view.pending_offset_ = written_;
    view.pending_ = std::make_shared<const std::string>(pending_);
  }
  return view;
}

Lsn ChunkLog::first_lsn() const {
  Lsn first = std::numeric_limits<Lsn>::max();
  for (const auto& [number, segment] : segments_) first = std::min(first, segment.first_lsn);
  return first;
}

uint64_t ChunkLog::bytes() const {
  uint64_t total = 0;
  for (const auto& [number, segment] : segments_) total += segment.size;
  return total;
}

}  // namespace hearth
