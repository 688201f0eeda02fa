#include "tsdb/store/catalogue.h"

#include <algorithm>

#include "absl/status/status.h"
#include "model/text.h"
#include "tsdb/chunk/varint.h"

namespace hearth {

namespace {

void PutWindowInside(const WindowId& window, const WindowId& inside, std::string* out) {
  PutVarint(static_cast<uint64_t>(inside.start - window.start), out);
  PutVarint(static_cast<uint64_t>(inside.length), out);
}

}  // namespace

std::string EncodeCatalogueEntry(const GenerationInfo& info) {
  std::string entry;
  PutVarint(info.lsn, &entry);
  PutVarint(info.deletes_lsn, &entry);
  PutVarint(info.series, &entry);
  PutVarint(info.chunks, &entry);
  PutVarint(info.samples, &entry);
  PutVarint(static_cast<uint64_t>(info.range.mint - info.id.window.start), &entry);
  PutVarint(static_cast<uint64_t>(info.range.maxt - info.range.mint), &entry);
  PutVarint(info.replaces.size(), &entry);
  for (const uint32_t generation : info.replaces) PutVarint(generation, &entry);
  if (info.format == store_format::kFirstFormatVersion) return entry;
  PutVarint(info.format, &entry);
  PutVarint(info.replaces_inside.size(), &entry);
  for (const GenerationId& id : info.replaces_inside) {
    PutWindowInside(info.id.window, id.window, &entry);
    PutVarint(id.generation, &entry);
  }
  PutVarint(info.merged.size(), &entry);
  for (const MergedWindow& merged : info.merged) {
    PutWindowInside(info.id.window, merged.window, &entry);
    PutVarint(merged.lsn, &entry);
  }
  if (info.replaces_from == 0 && info.series_lsn == 0) return entry;
  PutVarint(info.replaces_from, &entry);
  PutVarint(info.series_lsn, &entry);
  return entry;
}

namespace {

// False when malformed, or not inside.
bool GetWindowInside(const WindowId& window, VarintReader* reader, WindowId* inside) {
  const uint64_t offset = reader->Varint();
  const uint64_t length = reader->Varint();
  const uint64_t width = window.width();
  if (!reader->ok() || offset >= width || length == 0 || length > width - offset) return false;
  *inside = {window.start + static_cast<TimeMs>(offset), static_cast<TimeMs>(length)};
  return true;
}

// The end of an entry, which those of the first format do not have. False when malformed.
bool DecodeWindowsInside(VarintReader* reader, GenerationInfo* info) {
  const WindowId& window = info->id.window;
  info->format = static_cast<uint32_t>(reader->Varint());
  // Each window takes three bytes at least, so a damaged count cannot make a loop long.
  for (uint64_t left = reader->Varint(); left > 0; --left) {
    GenerationId id;
    if (!GetWindowInside(window, reader, &id.window)) return false;
    const uint64_t generation = reader->Varint();
    if (generation == 0 || generation >= info->id.generation) return false;
    id.generation = static_cast<uint32_t>(generation);
    info->replaces_inside.push_back(id);
  }
  for (uint64_t left = reader->Varint(); left > 0; --left) {
    MergedWindow merged;
    if (!GetWindowInside(window, reader, &merged.window)) return false;
    merged.lsn = reader->Varint();
    info->merged.push_back(merged);
  }
  if (!reader->ok() || reader->rest().empty()) return reader->ok();
  const uint64_t from = reader->Varint();
  info->series_lsn = reader->Varint();
  if (from >= info->id.generation) return false;
  info->replaces_from = static_cast<uint32_t>(from);
  return reader->ok();
}

}  // namespace

uint64_t GenerationInfo::CoveredUpTo(TimeRange range) const {
  const auto holds = [&](const WindowId& window) {
    return window.range().mint <= range.mint && range.maxt <= window.range().maxt;
  };
  if (merged.empty()) return holds(id.window) ? lsn : 0;
  uint64_t covered = 0;
  for (const MergedWindow& window : merged) {
    if (holds(window.window)) covered = std::max(covered, window.lsn);
  }
  return covered;
}

absl::StatusOr<GenerationInfo> DecodeCatalogueEntry(const GenerationId& id,
                                                    std::string_view entry) {
  VarintReader reader(entry);
  GenerationInfo info;
  info.id = id;
  info.lsn = reader.Varint();
  info.deletes_lsn = reader.Varint();
  info.series = reader.Varint();
  info.chunks = reader.Varint();
  info.samples = reader.Varint();
  const uint64_t start = reader.Varint();
  const uint64_t span = reader.Varint();
  const uint64_t replaced = reader.Varint();
  // Each takes a byte at least, so a damaged count cannot make the loop long.
  bool ascending = replaced <= reader.rest().size();
  for (uint64_t i = 0; ascending && i < replaced; ++i) {
    const uint64_t generation = reader.Varint();
    const uint64_t least = info.replaces.empty() ? 1 : uint64_t{info.replaces.back()} + 1;
    ascending = least <= generation && generation < id.generation;
    if (ascending) info.replaces.push_back(static_cast<uint32_t>(generation));
  }
  info.format = store_format::kFirstFormatVersion;
  if (ascending && reader.ok() && !reader.rest().empty()) {
    ascending = DecodeWindowsInside(&reader, &info);
  }
  const uint64_t length = id.window.width();
  // Bytes after the known fields belong to a later minor version.
  if (!reader.ok() || !ascending || start >= length || span >= length - start) {
    return absl::DataLossError(
        StrCat("catalogue entry of ", ToString(id), ": ", entry.size(), " bytes are malformed"));
  }
  info.range.mint = id.window.start + static_cast<TimeMs>(start);
  info.range.maxt = info.range.mint + static_cast<TimeMs>(span);
  return info;
}

}  // namespace hearth
