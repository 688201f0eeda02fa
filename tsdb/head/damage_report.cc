#include "tsdb/head/damage_report.h"

#include <utility>

#include "model/status.h"
#include "model/text.h"
#include "spdlog/spdlog.h"
#include "tsdb/wal/segment.h"

namespace hearth {
namespace {

// Whether two files are one, or copies: segments differ in their first frames, whose numbers are
// never used twice.
bool SameSegment(FileSystem& fs, const std::string& a, const std::string& b) {
  constexpr size_t kCompared = 4096;
  std::string begin[2];
  uint64_t sizes[2] = {0, 0};
  for (int i = 0; i < 2; ++i) {
    const auto file = fs.OpenRead(i == 0 ? a : b);
    if (!file.ok()) return false;
    begin[i].resize(kCompared);
    const absl::StatusOr<size_t> read = (*file)->ReadAt(0, begin[i].data(), kCompared);
    const absl::StatusOr<uint64_t> size = (*file)->Size();
    if (!read.ok() || !size.ok()) return false;
    begin[i].resize(*read);
    sizes[i] = *size;
  }
  return sizes[0] == sizes[1] && begin[0] == begin[1];
}

// First and last byte of each place: "4096..4215, 9000..9010 and 3 more".
std::string PlacesText(const SegmentDamage& damage) {
  std::string text;
  for (const SkippedBytes& place : damage.places) {
    text += StrCat(text.empty() ? "" : ", ", place.offset, "..", place.offset + place.bytes - 1);
  }
  if (damage.place_count > damage.places.size()) {
    text += StrCat(" and ", damage.place_count - damage.places.size(), " more");
  }
  return text;
}

// What the damage can have held: "samples of at most 60 series, times [a, b]".
std::string LossText(const SegmentDamage& damage) {
  std::string text = damage.series == 0 ? "samples of an unknown number of series"
                                        : StrCat("samples of at most ", damage.series, " series");
  if (!damage.times) return text + ", times unknown";
  text += StrCat(", times [", damage.times->mint, ", ", damage.times->maxt, "]");
  if (damage.ends_open) text += " or later";
  return text;
}

}  // namespace

ReportedLog WalToReport(std::string dir) {
  return {"WAL", std::move(dir), "wal", "the chunk log or the store"};
}
ReportedLog ChunkLogToReport(std::string dir) {
  return {"chunk log", std::move(dir), "chunks", "the WAL or the store"};
}

absl::StatusOr<std::string> DamageReport::SetAside(const ReportedLog& log, uint32_t segment) {
  HEARTH_RETURN_IF_ERROR(fs_->MakeDirs(quarantine_dir_));
  const std::string from = SegmentPath(log.dir, segment);
  for (int i = 1;; ++i) {
    const std::string to = StrCat(quarantine_dir_, "/", log.stem, "-", i);
    const absl::Status linked = fs_->Link(from, to);
    // An earlier start may have met the same damage.
    if (linked.ok() || (absl::IsAlreadyExists(linked) && SameSegment(*fs_, from, to))) return to;
    if (!absl::IsAlreadyExists(linked)) return linked;
  }
}

void DamageReport::Add(const ReportedLog& log, std::span<const SegmentDamage> damage) {
  for (const SegmentDamage& of : damage) {
    const bool telling = ++segments_ <= kMaxLines;
    const std::string path = SegmentPath(log.dir, of.segment);
    if (of.only_torn()) {
      if (telling) {
        spdlog::warn("{} segment \"{}\" ends torn: {} bytes ({}) were never written whole: {}",
                     log.name, path, of.bytes, PlacesText(of), LossText(of));
      }
      continue;
    }
    ++damaged_;
    std::string aside = "not set aside";
    if (!quarantine_dir_.empty()) {
      const absl::StatusOr<std::string> to = SetAside(log, of.segment);
      aside = to.ok() ? StrCat("set aside as \"", *to, "\"")
                      : StrCat("not set aside: ", FromAbsl(to.status().message()));
    }
    if (!telling) continue;
    spdlog::error(
        "{} segment \"{}\": {} bytes are damaged ({}): {}{} are missing unless {} has them; {}",
        log.name, path, of.bytes, PlacesText(of), LossText(of),
        of.lost_labels ? ", labels of series among them," : "", log.makes_good, aside);
  }
}

void DamageReport::AddMissing(const ReportedLog& log, std::span<const MissingSegment> missing) {
  missing_ += missing.size();
  for (const MissingSegment& segment : missing) {
    const WalSegmentNote& note = segment.note;
    // What is left of it is read; it is kept because it will be deleted with its window.
    if (segment.there && !quarantine_dir_.empty()) SetAside(log, note.segment).IgnoreError();
    if (++segments_ > kMaxLines) continue;
    const std::string what = segment.there ? StrCat("has lost its end, LSN ", segment.last_lsn + 1,
                                                    " to ", note.last_lsn)
                                           : StrCat("is missing, up to LSN ", note.last_lsn);
    spdlog::error(
        "{} segment \"{}\" {}: samples of at most {} series, times [{}, {}], are missing unless {} "
        "has them",
        log.name, SegmentPath(log.dir, note.segment), what, note.series, note.times.mint,
        note.times.maxt, log.makes_good);
  }
}

void DamageReport::AddMissingNewest(const ReportedLog& log, uint32_t segment) {
  if (segment == 0) return;
  ++missing_;
  if (++segments_ > kMaxLines) return;
  spdlog::error(
      "{} segment \"{}\" is missing: it was the newest, and what was written to it is missing "
      "unless "
      "{} has it",
      log.name, SegmentPath(log.dir, segment), log.makes_good);
}

void DamageReport::Finish() {
  if (segments_ > kMaxLines) {
    spdlog::error("WAL and chunk log: and {} more damaged or missing segments",
                  segments_ - kMaxLines);
  }
}

}  // namespace hearth
