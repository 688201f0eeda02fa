// scrape/exposition/text_parser.h
//
// Reads an exposition in the text format 0.0.4 line by line, without copies: everything it hands
// out is a view of the body. For a sample the caller decides how much is parsed: a scrape that
// knows the series from last time skips its bytes (SkipSeries), a new one is scanned (ScanSeries)
// and its labels are built (AppendLabels).
//
//   TextParser parser(body);
//   for (Entry e = parser.Next(); e != Entry::kEnd; e = parser.Next()) {
//     if (e == Entry::kError) return parser.status();
//     if (e != Entry::kSample) continue;
//     if (!parser.ScanSeries() || !parser.ReadValue()) return parser.status();
//     use(parser.series(), parser.value(), parser.timestamp());
//   }
//
// UTF-8 names stand in quotes: `{"my.metric", "a.b"="c"} 1`. The last line may lack its newline.
//
// Thread safety: one thread. Lifetime: the body must outlive the parser and every view it gave.
#ifndef HEARTH_SCRAPE_EXPOSITION_TEXT_PARSER_H_
#define HEARTH_SCRAPE_EXPOSITION_TEXT_PARSER_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "model/clock.h"
#include "model/labels.h"
#include "model/metadata.h"

namespace hearth {

class TextParser {
 public:
  enum class Entry { kEnd, kError, kSample, kType, kHelp, kUnit };

  explicit TextParser(std::string_view body)
      : body_(body), p_(body.data()), end_(body.data() + body.size()) {}

  // Moves to the next line that says something: blank lines and comments are skipped. For kSample
  // only the line's beginning has been found; SkipSeries or ScanSeries must follow, then ReadValue.
  // After kError every further call gives kError.
  Entry Next();

  // The body from the first byte of the sample's series on. Only right after kSample.
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

  // Finds the end of the series by its syntax; names and escapes are left to AppendLabels. False on
  // a syntax error.
  bool ScanSeries();

  // Reads value and timestamp up to the end of the line. False on a syntax error.
  bool ReadValue();

  // The series as written, without the blanks behind it.
  std::string_view series() const { return series_; }
  double value() const { return value_; }
  std::optional<TimeMs> timestamp() const { return timestamp_; }

  // Adds the labels of series() to an empty builder, `__name__` included; label values unescaped,
  // `le` of a histogram and `quantile` of a summary in their canonical spelling (`1` becomes
  // `1.0`). A label with an empty value is no label; its name goes to *empty_names, since
  // honor_labels tells it from an absent one. False on a syntax error.
  bool AppendLabels(LabelsBuilder* labels, std::vector<std::string>* empty_names = nullptr);

  // After kType, kHelp, kUnit: the metric family, and what was said of it.
  std::string_view family() const { return family_; }
  MetricType type() const { return type_; }
  std::string_view text() const { return text_; }  // Help with its escapes, or unit.

  // `line 7, column 12: expected value after metric, got "abc"`.
  const absl::Status& status() const { return status_; }

 private:
  Entry ReadComment();
  bool Fail(const char* at, std::string_view message);
  // `expected …, got "…"`, quoting what stands at `at`.
  bool Expected(const char* at, std::string_view what);
  const char* LineEnd(const char* p) const;
  void SkipBlanks() {
    while (p_ < end_ && (*p_ == ' ' || *p_ == '\t')) ++p_;
  }
  bool ScanQuoted();
  bool ReadQuoted(const char** p, const char* end, std::string* out);
  bool EndLine();

  const std::string_view body_;
  const char* p_;
  const char* const end_;
  std::string_view series_;
  std::string_view family_;
  std::string_view text_;
  MetricType type_ = MetricType::kUnknown;
  double value_ = 0;
  std::optional<TimeMs> timestamp_;
  absl::Status status_;
};

// Unescapes a help text: `\\` and `\n`.
std::string UnescapeHelp(std::string_view text);

// Parses a sample value: what Go's ParseFloat takes (decimal, hexadecimal, Inf, NaN in any case).
// False when it is none. Every NaN becomes kNormalNaNBits.
bool ParseSampleValue(std::string_view text, double* value);

}  // namespace hearth

#endif  // HEARTH_SCRAPE_EXPOSITION_TEXT_PARSER_H_
