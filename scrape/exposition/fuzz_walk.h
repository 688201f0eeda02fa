// scrape/exposition/fuzz_walk.h
//
// What the fuzz targets of the exposition formats do with an input.
#ifndef HEARTH_SCRAPE_EXPOSITION_FUZZ_WALK_H_
#define HEARTH_SCRAPE_EXPOSITION_FUZZ_WALK_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hearth {

// Reads a body of the format that scrape_protocols calls `protocol`, twice: with every series
// scanned, and with the series skipped that a scrape would recognise. Aborts when the two differ
// or an error has no status.
void FuzzWalk(std::string_view protocol, const uint8_t* data, size_t size);

}  // namespace hearth

#endif  // HEARTH_SCRAPE_EXPOSITION_FUZZ_WALK_H_
