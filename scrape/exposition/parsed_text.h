// scrape/exposition/parsed_text.h
//
// What a body parses to, as text to compare; for tests.
#ifndef HEARTH_SCRAPE_EXPOSITION_PARSED_TEXT_H_
#define HEARTH_SCRAPE_EXPOSITION_PARSED_TEXT_H_

#include <string>

#include "scrape/exposition/exposition_parser.h"

namespace hearth {

// One line per entry: `series value [@timestamp] [since start] [# {exemplar} value @timestamp]`,
// `TYPE name type`, `HELP name text`, `UNIT name unit`. The first error ends it: `error: …`. An
// exemplar without a timestamp is shown at 1.
std::string ParsedText(ExpositionParser* parser);

}  // namespace hearth

#endif  // HEARTH_SCRAPE_EXPOSITION_PARSED_TEXT_H_
