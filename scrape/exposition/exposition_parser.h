// scrape/exposition/exposition_parser.h
//
// What a scrape asks of a body, whatever its format: entries one after the other, in one pass. The
// caller decides how much of a sample is parsed: a scrape that knows the series from last time
// skips its bytes (SkipSeries), a new one is scanned (ScanSeries) and its labels are built
// (AppendLabels). formats.h has the table of formats.
//
//   for (Entry e = parser.Next(); e != Entry::kEnd; e = parser.Next()) {
//     if (e == Entry::kError) return parser.status();
//     if (e != Entry::kSample) continue;
//     if (!parser.ScanSeries() || !parser.ReadValue()) return parser.status();
//     use(parser.series(), parser.value(), parser.timestamp());
//   }
//
// Thread safety: one thread. Lifetime: the body must outlive the parser; views that the parser
// gives are valid until the next call of Next.
#ifndef HEARTH_SCRAPE_EXPOSITION_EXPOSITION_PARSER_H_
#define HEARTH_SCRAPE_EXPOSITION_EXPOSITION_PARSER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "model/clock.h"
#include "model/labels.h"
#include "model/metadata.h"

namespace hearth {

// How many labels a series or an exemplar may have besides its name. A builder keeps them sorted,
// so that their number costs more than their bytes.
inline constexpr size_t kLabelsMax = 10'000;

struct ParseOptions {
  // StartTime is wanted. The `_created` lines of OpenMetrics that give it are then left out.
  bool start_times = false;
};

class ExpositionParser {
 public:
  enum class Entry { kEnd, kError, kSample, kType, kHelp, kUnit };

  virtual ~ExpositionParser() = default;
  ExpositionParser(const ExpositionParser&) = delete;
  ExpositionParser& operator=(const ExpositionParser&) = delete;

  // Moves to the next entry. For kSample only its beginning has been found; SkipSeries or
  // ScanSeries must follow, then ReadValue. After kError every further call gives kError.
  virtual Entry Next() = 0;

  // What begins with the text of the sample's series. Only right after kSample. In the formats of
  // lines it is the rest of the body; a binary format puts the parts that make the series together.
  // A format gives the same series the same text in every body.
  std::string_view unread() const { return {p_, static_cast<size_t>(end_ - p_)}; }

  // Takes the first `length` bytes of unread() as the series, which the caller has recognised: see
  // SeriesEndsAt.
  void SkipSeries(size_t length) {
    series_ = std::string_view(p_, length);
    p_ += length;
  }
  // True when a series text that is `length` bytes of `unread` ends there: what follows is a blank,
  // and no label list.
  static bool SeriesEndsAt(std::string_view unread, size_t length);

  // Finds the end of the series; names and escapes are left to AppendLabels. False on an error.
  virtual bool ScanSeries() = 0;

  // Reads value, timestamp and exemplar. False on an error.
  virtual bool ReadValue() = 0;

  // The series as found, without the blanks behind it.
  std::string_view series() const { return series_; }
  double value() const { return value_; }
  std::optional<TimeMs> timestamp() const { return timestamp_; }

  // Adds the labels of series() to an empty builder, `__name__` included; label values unescaped,
  // `le` of a histogram and `quantile` of a summary in their canonical spelling (`1` becomes
  // `1.0`). A label with an empty value is no label; its name goes to *empty_names, since
  // honor_labels tells it from an absent one. False on an error.
  bool AppendLabels(LabelsBuilder* labels, std::vector<std::string>* empty_names = nullptr) {
    return ReadLabels(labels, empty_names);
  }

  // After ReadValue, with ParseOptions::start_times: when the counter behind the sample began; 0
  // when nobody says so.
  virtual TimeMs StartTime() { return 0; }

  // After ReadValue: whether the sample has an exemplar.
  bool has_exemplar() const { return has_exemplar_; }
  // Reads it. One without a timestamp gets `t`. False on an error, *exemplar then holds anything.
  virtual bool ReadExemplar(TimeMs t, Exemplar* exemplar) = 0;

  // After kType, kHelp, kUnit: the metric family, and what was said of it.
  std::string_view family() const { return family_; }
  MetricType type() const { return type_; }
  std::string_view text() const { return text_; }  // Help with its escapes, or unit.
  virtual std::string Help() const = 0;            // text() without escapes.

  // Native histograms that were left out so far: their classic buckets, count and sum are samples.
  uint64_t native_histograms() const { return native_histograms_; }

  // `line 7, column 12: expected value after metric, got "abc"`.
  const absl::Status& status() const { return status_; }

 protected:
  ExpositionParser() = default;
  virtual bool ReadLabels(LabelsBuilder* labels, std::vector<std::string>* empty_names) = 0;

  const char* p_ = nullptr;  // unread() is [p_, end_).
  const char* end_ = nullptr;
  std::string_view series_;
  std::string_view family_;
  std::string_view text_;
  MetricType type_ = MetricType::kUnknown;
  double value_ = 0;
  std::optional<TimeMs> timestamp_;
  bool has_exemplar_ = false;
  uint64_t native_histograms_ = 0;
  absl::Status status_;
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_EXPOSITION_EXPOSITION_PARSER_H_
