// scrape/exposition/open_metrics_parser.h
//
// OpenMetrics 0.0.1 and 1.0.0, as leniently as Prometheus reads them: one blank between the parts
// of a line and none elsewhere, no blank lines and no comments but HELP, TYPE, UNIT and the `# EOF`
// that ends the body; timestamps are seconds with a fraction. Suffixes and types are not checked
// against each other. `_created` is a series like any other, unless start times are wanted.
//
//   foo_bucket{le="10"} 8 1700000000.123 # {trace_id="abc"} 0.67 1700000000.1
//
// Thread safety: one thread. Lifetime: the body must outlive the parser and every view it gave.
#ifndef HEARTH_SCRAPE_EXPOSITION_OPEN_METRICS_PARSER_H_
#define HEARTH_SCRAPE_EXPOSITION_OPEN_METRICS_PARSER_H_

#include <optional>
#include <string>
#include <string_view>

#include "scrape/exposition/line_parser.h"
#include "scrape/exposition/start_times.h"

namespace hearth {

class OpenMetricsParser final : public LineParser {
 public:
  explicit OpenMetricsParser(std::string_view body, const ParseOptions& options = {})
      : LineParser(body), options_(options) {}

  Entry Next() override;
  bool ScanSeries() override;
  bool ReadValue() override;
  TimeMs StartTime() override;
  bool ReadExemplar(TimeMs t, Exemplar* exemplar) override;
  std::string Help() const override;

 private:
  Entry ReadComment();
  // Moves p_ behind the samples there that only give start times.
  void PassCreated();
  Entry ReadEnd();
  bool ReadText(Entry entry, const char* line_end);
  bool CheckUnit(const char* at);
  // Moves p_ behind the closing quote of the string that starts there.
  bool ScanQuoted();
  // Moves p_ behind the list in braces that starts there.
  bool ScanBraces();
  // Takes ` token`, up to the next blank or newline; empty when none stands there.
  std::string_view TakeToken();
  // Fails with what stands where the token at `at` should be.
  bool ExpectedToken(const char* at, std::string_view what);
  bool ReadSeconds(std::string_view what, std::optional<TimeMs>* t);
  bool ReadTail();
  bool ScanExemplar();

  const ParseOptions options_;
  StartTimes starts_;                 // Of the family in hand.
  bool starts_read_ = false;          // Only once there is a sample.
  bool ended_ = false;                // Behind `# EOF`.
  std::string_view exemplar_labels_;  // With the braces.
  double exemplar_value_ = 0;
  std::optional<TimeMs> exemplar_t_;
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_EXPOSITION_OPEN_METRICS_PARSER_H_
