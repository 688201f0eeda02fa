// scrape/exposition/parsed_text.h
//
// What a body parses to, as text to compare, and bodies to parse; for tests.
//
// Thread safety: pure functions.
#ifndef HEARTH_SCRAPE_EXPOSITION_PARSED_TEXT_H_
#define HEARTH_SCRAPE_EXPOSITION_PARSED_TEXT_H_

#include <string>
#include <string_view>
#include <vector>

#include "scrape/exposition/exposition_parser.h"

namespace hearth {

// One line per entry: `series value [@timestamp] [since start] [# {exemplar} value @timestamp]`,
// `TYPE name type`, `HELP name text`, `UNIT name unit`. The first error ends it: `error: …`. An
// exemplar without a timestamp is shown at 1.
std::string ParsedText(ExpositionParser* parser);

struct UpstreamExposition {
  std::string name, body;  // Of a file.
};
// Upstream's expositions below $HEARTH_SHARED whose names contain `suffix`; none without the data.
std::vector<UpstreamExposition> UpstreamExpositions(std::string_view suffix);

}  // namespace hearth

#endif  // HEARTH_SCRAPE_EXPOSITION_PARSED_TEXT_H_
