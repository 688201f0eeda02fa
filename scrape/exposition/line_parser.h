// scrape/exposition/line_parser.h
//
// What the formats of lines have in common: text_parser.h and open_metrics_parser.h. Everything
// they hand out is a view of the body, nothing is copied; errors name line and column.
//
// Thread safety: one thread.
#ifndef HEARTH_SCRAPE_EXPOSITION_LINE_PARSER_H_
#define HEARTH_SCRAPE_EXPOSITION_LINE_PARSER_H_

#include <string>
#include <string_view>
#include <vector>

#include "scrape/exposition/exposition_parser.h"

namespace hearth {

class LineParser : public ExpositionParser {
 protected:
  // Whose labels a list in braces holds. The metric name may stand among a sample's.
  enum class Braces { kSample, kExemplar };

  explicit LineParser(std::string_view body) : body_(body) {
    p_ = body.data();
    end_ = body.data() + body.size();
  }

  bool ReadLabels(LabelsBuilder* labels, std::vector<std::string>* empty_names) override;
  // Reads a whole list, which starts with its brace and has been scanned. False on an error.
  bool ReadBraces(std::string_view list, Braces kind, LabelsBuilder* labels,
                  std::vector<std::string>* empty_names);

  bool Fail(const char* at, std::string_view message);
  // `expected …, got "…"`, quoting what stands at `at`.
  bool Expected(const char* at, std::string_view what);
  // The newline that ends the line of `p`, or the end of the body.
  const char* LineEnd(const char* p) const;
  // Reads the family of a HELP, TYPE or UNIT line at *p, and leaves *p behind it; false when none
  // stands there.
  bool ReadFamily(const char** p, const char* line_end);

  const std::string_view body_;

 private:
  bool ReadQuoted(const char** p, const char* end, std::string* out);
  bool ReadUnusual(const char* start, const char** p, const char* end, std::string* out);
  bool SetLabel(const char* name_at, std::string_view name, std::string* value, Braces kind,
                LabelsBuilder* labels, std::vector<std::string>* empty_names);
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_EXPOSITION_LINE_PARSER_H_
