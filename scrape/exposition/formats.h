// scrape/exposition/formats.h
//
// The table of exposition formats: what `scrape_protocols` calls them, how a request asks for them
// and which parser reads the answer.
//
// Thread safety: pure functions.
#ifndef HEARTH_SCRAPE_EXPOSITION_FORMATS_H_
#define HEARTH_SCRAPE_EXPOSITION_FORMATS_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "scrape/exposition/exposition_parser.h"

namespace hearth {

struct ExpositionFormat {
  std::string_view protocol;    // "PrometheusText0.0.4".
  std::string_view accept;      // Its entry in an Accept header, without escaping and weight.
  std::string_view media_type;  // Of a Content-Type. Versions of one media type share a parser.
  bool negotiates_escaping = false;  // The request says how names are to be escaped.
  std::unique_ptr<ExpositionParser> (*parse)(std::string_view body,
                                             const ParseOptions& options) = nullptr;
};

// In the order of their names.
std::span<const ExpositionFormat> ExpositionFormats();

// The format that `scrape_protocols` calls so, null when there is none.
const ExpositionFormat* FindFormat(std::string_view protocol);

// The Accept header that asks for `protocols`, the first before the others and anything last.
// `escaping`: allow-utf-8, underscores, dots or values. Unknown protocols are left out.
std::string AcceptHeader(const std::vector<std::string>& protocols, std::string_view escaping);

// The format of an answer by its Content-Type; that of `fallback` (a protocol, or empty) when the
// type is missing, malformed or unknown. kInvalidArgument, in Prometheus' words, when there is no
// fallback either.
absl::StatusOr<const ExpositionFormat*> FormatOfContent(std::string_view content_type,
                                                        std::string_view fallback);

}  // namespace hearth

#endif  // HEARTH_SCRAPE_EXPOSITION_FORMATS_H_
