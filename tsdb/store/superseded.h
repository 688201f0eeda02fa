// tsdb/store/superseded.h
//
// Which generations a start must not show because a merge has taken their place, or has not yet. A
// merge takes all generations of its window and of those inside it, or those of its window from
// some number on; its files are there before the catalogue names them, and the files of what it
// replaces are there for a while afterwards. A crash in between leaves both. What is flushed later
// has higher numbers.
//
// Thread safety: pure function.
#ifndef HEARTH_TSDB_STORE_SUPERSEDED_H_
#define HEARTH_TSDB_STORE_SUPERSEDED_H_

#include <vector>

#include "tsdb/store/catalogue.h"

namespace hearth {

struct FoundGeneration {
  GenerationInfo info;
  bool catalogued = false;  // Else only its files say that it exists.
};

// The generations to drop; `found` is ascending by id, complete files only. A merged one that the
// catalogue names stays, and everything of lower numbers in its window goes, down to where it
// began. One that the catalogue does not name goes when all that it replaces is there; else it is
// the only one that has that data, and stays.
std::vector<GenerationId> SupersededGenerations(const std::vector<FoundGeneration>& found);

}  // namespace hearth

#endif  // HEARTH_TSDB_STORE_SUPERSEDED_H_
