#include "tsdb/store/store_keys.h"

#include "absl/status/status.h"
#include "model/text.h"

namespace hearth {

using store_format::IndexKind;
using store_format::SamplesKind;

namespace {

void AppendBigEndian(uint64_t value, int bytes, std::string* out) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>(value >> shift));
  }
}

uint64_t ReadBigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

constexpr uint64_t kSignBit = uint64_t{1} << 63;
constexpr size_t kSeriesKeyBytes = kGenerationPrefixBytes + 1 + 4;

std::string SeriesIdKey(std::string_view prefix, uint8_t kind, uint32_t series_id) {
  std::string key;
  key.reserve(kSeriesKeyBytes);
  key.append(prefix);
  key.push_back(static_cast<char>(kind));
  AppendBigEndian(series_id, 4, &key);
  return key;
}

}  // namespace

bool JoinedBefore(const GenerationId& a, const GenerationId& b) {
  if (a.window.length != b.window.length) return a.window.length > b.window.length;
  return a < b;
}

std::string ToString(const GenerationId& id) {
  return StrCat("window ", id.window.start, "+", id.window.length, " generation ", id.generation);
}

std::string GenerationPrefix(const GenerationId& id) {
  std::string prefix;
  prefix.reserve(kSeriesKeyBytes);
  AppendBigEndian(static_cast<uint64_t>(id.window.start) ^ kSignBit, 8, &prefix);
  AppendBigEndian(static_cast<uint64_t>(id.window.length), 8, &prefix);
  AppendBigEndian(id.generation, 4, &prefix);
  return prefix;
}

std::string AfterPrefix(std::string_view prefix) {
  std::string after(prefix);
  while (!after.empty() && after.back() == '\xff') after.pop_back();
  if (!after.empty()) after.back() = static_cast<char>(static_cast<uint8_t>(after.back()) + 1);
  return after;
}

absl::StatusOr<GenerationId> ParseGenerationPrefix(std::string_view key) {
  if (key.size() < kGenerationPrefixBytes) {
    return absl::DataLossError(StrCat("store key of ", key.size(),
                                      " bytes: shorter than the prefix of ",
                                      kGenerationPrefixBytes));
  }
  GenerationId id;
  id.window.start = static_cast<TimeMs>(ReadBigEndian(key.substr(0, 8)) ^ kSignBit);
  id.window.length = static_cast<TimeMs>(ReadBigEndian(key.substr(8, 8)));
  id.generation = static_cast<uint32_t>(ReadBigEndian(key.substr(16, 4)));
  if (id.window.length <= 0 || id.generation == 0) {
    return absl::DataLossError(StrCat("store key names an impossible ", ToString(id)));
  }
  return id;
}

std::string BundleKey(std::string_view prefix, uint32_t series_id) {
  return SeriesIdKey(prefix, static_cast<uint8_t>(SamplesKind::kBundle), series_id);
}

std::string TimesKey(std::string_view prefix, uint32_t column) {
  return SeriesIdKey(prefix, static_cast<uint8_t>(SamplesKind::kTimes), column);
}

bool IsBundleKey(std::string_view key) {
  return key.size() > kGenerationPrefixBytes &&
         key[kGenerationPrefixBytes] == static_cast<char>(SamplesKind::kBundle);
}

std::string SeriesKey(std::string_view prefix, uint32_t series_id) {
  return SeriesIdKey(prefix, static_cast<uint8_t>(IndexKind::kSeries), series_id);
}

std::string IndexKindPrefix(std::string_view prefix, IndexKind kind) {
  std::string key(prefix);
  key.push_back(static_cast<char>(kind));
  return key;
}

std::string LabelNameKey(std::string_view prefix, std::string_view name) {
  return IndexKindPrefix(prefix, IndexKind::kLabelName).append(name);
}

std::string PostingsKeyPrefix(std::string_view prefix, std::string_view name) {
  std::string key = IndexKindPrefix(prefix, IndexKind::kPostings);
  AppendBigEndian(name.size(), 4, &key);
  return key.append(name);
}

std::string PostingsKey(std::string_view prefix, std::string_view name, std::string_view value) {
  return PostingsKeyPrefix(prefix, name).append(value);
}

std::string CoveredKey(std::string_view prefix, TimeMs window_start, uint32_t block) {
  std::string key = IndexKindPrefix(prefix, IndexKind::kCovered);
  AppendBigEndian(static_cast<uint64_t>(window_start) ^ kSignBit, 8, &key);
  AppendBigEndian(block, 4, &key);
  return key;
}

absl::StatusOr<TimeMs> ParseCoveredWindow(std::string_view key) {
  constexpr size_t kBytes = kGenerationPrefixBytes + 1 + 8 + 4;
  if (key.size() != kBytes) {
    return absl::DataLossError(
        StrCat("store key of ", key.size(), " bytes: one of covered series has ", kBytes));
  }
  return static_cast<TimeMs>(ReadBigEndian(key.substr(kGenerationPrefixBytes + 1, 8)) ^ kSignBit);
}

absl::StatusOr<uint32_t> ParseSeriesId(std::string_view key) {
  if (key.size() != kSeriesKeyBytes) {
    return absl::DataLossError(
        StrCat("store key of ", key.size(), " bytes: a series key has ", kSeriesKeyBytes));
  }
  return static_cast<uint32_t>(ReadBigEndian(key.substr(kGenerationPrefixBytes + 1)));
}

std::string CatalogueKey(const GenerationId& id) {
  return StrCat(store_format::kCataloguePrefix, GenerationPrefix(id));
}

absl::StatusOr<GenerationId> ParseCatalogueKey(std::string_view key) {
  constexpr std::string_view kPrefix = store_format::kCataloguePrefix;
  if (!key.starts_with(kPrefix) || key.size() != kPrefix.size() + kGenerationPrefixBytes) {
    return absl::DataLossError(StrCat("catalogue key of ", key.size(), " bytes is malformed"));
  }
  return ParseGenerationPrefix(key.substr(kPrefix.size()));
}

}  // namespace hearth
