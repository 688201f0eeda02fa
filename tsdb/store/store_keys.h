// tsdb/store/store_keys.h
//
// The keys of the sealed store, and every name and tag that it persists. The page
// docs/format/store_keys.md shows them as tables with a worked example that store_keys_test
// decodes.
//
// All keys of one (window, generation) share a 20-byte prefix, so a window is one contiguous range
// in `samples` and in `index`, windows sort by time, and retention drops whole files.
//
// Thread safety: values and pure functions.
#ifndef HEARTH_TSDB_STORE_STORE_KEYS_H_
#define HEARTH_TSDB_STORE_STORE_KEYS_H_

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "model/sample.h"
#include "tsdb/window.h"

namespace hearth {

// [start, start + length): the one half-open range, because windows tile the time line.
struct WindowId {
  TimeMs start = 0;
  TimeMs length = 0;  // > 0

  TimeRange range() const { return WindowRange(start, length); }
  // Whether `other` lies in here, or is this one.
  bool Holds(const WindowId& other) const {
    return range().mint <= other.range().mint && other.range().maxt <= range().maxt;
  }
  // Milliseconds in range(): the length, but for the first and the last window there are.
  uint64_t width() const {
    return static_cast<uint64_t>(range().maxt) - static_cast<uint64_t>(start) + 1;
  }
  friend auto operator<=>(const WindowId&, const WindowId&) = default;
};

// One flush of one window, or the merge of a window and those inside it. The first generation of a
// window is 1; a later one holds what came late, or replaces older ones after a merge. Of windows
// that overlap, a later generation has a higher number. A (window, generation) is written once and
// never reused while its files exist.
struct GenerationId {
  WindowId window;
  uint32_t generation = 0;
  friend auto operator<=>(const GenerationId&, const GenerationId&) = default;
};
// The order in which generations are joined: where two have a timestamp, the first one's sample
// counts. A longer window comes before the shorter ones inside it, which hold what came after it
// was merged; generations of one window ascend, and so do windows of one length.
bool JoinedBefore(const GenerationId& a, const GenerationId& b);
std::string ToString(const GenerationId& id);  // "window 1700000000000+3600000 generation 1"

namespace store_format {

// Persisted. The number must grow when a reader of the old one could misread the new.
inline constexpr uint32_t kFormatVersion = 2;
// The first one: bundles of XOR chunks, whole fingerprints in the index. Read, not written any
// more.
inline constexpr uint32_t kFirstFormatVersion = 1;

// Column families.
inline constexpr char kSamplesFamily[] = "samples";
inline constexpr char kIndexFamily[] = "index";
inline constexpr char kMetaFamily[] = "meta";

// Keys of `meta`.
inline constexpr std::string_view kFormatKey = "format";
inline constexpr std::string_view kCataloguePrefix = "gen/";  // followed by the 20-byte prefix

// User properties of every file of `samples` and `index`. Numbers are decimal text.
inline constexpr char kPropertyFormat[] = "hearth.format";
inline constexpr char kPropertyKind[] = "hearth.kind";  // the name of the column family
inline constexpr char kPropertyGeneration[] =
    "hearth.generation";                                  // the catalogue key's 20 bytes in hex
inline constexpr char kPropertyEntry[] = "hearth.entry";  // the catalogue entry in hex

// Kinds of keys in `samples`. Must not be renumbered.
enum class SamplesKind : uint8_t {
  kBundle = 2,  // series id -> bundle
  kTimes = 3,   // number of the column -> times that several segments have
};

// Kinds of keys in `index`. Must not be renumbered.
enum class IndexKind : uint8_t {
  kSeries = 1,     // series id -> fingerprint, or 4 bytes of it, and labels
  kLabelName = 2,  // label name -> number of values
  kPostings = 3,   // label name, value -> series ids
  kCovered = 4,    // window, block -> series that are covered by themselves
};

}  // namespace store_format

inline constexpr size_t kGenerationPrefixBytes = 20;

// The 20 bytes in front of every key of `samples` and `index`:
//   start: 8 bytes big endian, sign bit flipped | length: 8 bytes BE | generation: 4 bytes BE
std::string GenerationPrefix(const GenerationId& id);
// The first key after everything with this prefix.
std::string AfterPrefix(std::string_view prefix);
// Decodes the first 20 bytes of `key`. kDataLoss when it is shorter or holds an impossible window.
absl::StatusOr<GenerationId> ParseGenerationPrefix(std::string_view key);

// Keys of `samples` and `index`. `prefix` is GenerationPrefix's.
std::string BundleKey(std::string_view prefix, uint32_t series_id);
std::string TimesKey(std::string_view prefix, uint32_t column);
std::string SeriesKey(std::string_view prefix, uint32_t series_id);
// Whether the key of `samples` is a bundle's, and not one of shared times.
bool IsBundleKey(std::string_view key);
std::string LabelNameKey(std::string_view prefix, std::string_view name);
// The length of the name stands in front of it, so the values of one name are one contiguous range
// in byte order.
std::string PostingsKeyPrefix(std::string_view prefix, std::string_view name);
std::string PostingsKey(std::string_view prefix, std::string_view name, std::string_view value);

// The start of one of the head's windows, and the number of a block of its series.
std::string CoveredKey(std::string_view prefix, TimeMs window_start, uint32_t block);
// The window start in such a key. kDataLoss when the key has another length.
absl::StatusOr<TimeMs> ParseCoveredWindow(std::string_view key);

// Everything of one index kind: the range from this prefix on.
std::string IndexKindPrefix(std::string_view prefix, store_format::IndexKind kind);

// The series id at the end of a bundle or series key. kDataLoss when the key has another length.
absl::StatusOr<uint32_t> ParseSeriesId(std::string_view key);

// The key of a generation in `meta`.
std::string CatalogueKey(const GenerationId& id);
absl::StatusOr<GenerationId> ParseCatalogueKey(std::string_view key);

}  // namespace hearth

#endif  // HEARTH_TSDB_STORE_STORE_KEYS_H_
