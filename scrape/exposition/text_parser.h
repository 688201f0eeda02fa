// scrape/exposition/text_parser.h
//
// The text formats 0.0.4 and 1.0.0, as Prometheus reads them: blanks and tabs between the parts of
// a line, blank lines and comments anywhere, newlines in label values, timestamps in milliseconds.
//
// UTF-8 names stand in quotes: `{"my.metric", "a.b"="c"} 1`. The last line may lack its newline.
//
// Thread safety: one thread. Lifetime: the body must outlive the parser and every view it gave.
#ifndef HEARTH_SCRAPE_EXPOSITION_TEXT_PARSER_H_
#define HEARTH_SCRAPE_EXPOSITION_TEXT_PARSER_H_

#include <string>
#include <string_view>

#include "scrape/exposition/line_parser.h"

namespace hearth {

class TextParser final : public LineParser {
 public:
  explicit TextParser(std::string_view body, const ParseOptions& /*options*/ = {})
      : LineParser(body) {}

  Entry Next() override;
  bool ScanSeries() override;
  bool ReadValue() override;
  bool ReadExemplar(TimeMs t, Exemplar* exemplar) override;  // There are none.
  std::string Help() const override;

 private:
  Entry ReadComment();
  void SkipBlanks() {
    while (p_ < end_ && (*p_ == ' ' || *p_ == '\t')) ++p_;
  }
  bool ScanQuoted();
  bool EndLine();
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_EXPOSITION_TEXT_PARSER_H_
