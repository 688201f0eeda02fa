#include "tsdb/store/catalogue.h"

#include "absl/status/status.h"
#include "model/text.h"
#include "tsdb/chunk/varint.h"

namespace hearth {

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
  return entry;
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
