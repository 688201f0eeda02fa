// tsdb/index/postings.h
//
// Postings: the ids of the series that carry a label pair, ascending and unique, and the set
// algebra on them. An id is a number inside one index: a slot of the head or a series id of one
// stored window.
//
// Thread safety: pure functions.
#ifndef HEARTH_TSDB_INDEX_POSTINGS_H_
#define HEARTH_TSDB_INDEX_POSTINGS_H_

#include <cstdint>
#include <span>
#include <vector>

namespace hearth {

using Postings = std::vector<uint32_t>;
using PostingsView = std::span<const uint32_t>;

// Ids in both. Costs O(small * log(large / small)) when the sizes differ much, else O(a + b).
Postings Intersect(PostingsView a, PostingsView b);

// Whether some id is in both. Stops at the first; never costs more than Intersect.
bool Intersects(PostingsView a, PostingsView b);

// Ids in any of the lists. The memory beyond the answer is at most one bit for each id below the
// largest.
Postings Merge(std::span<const PostingsView> lists);

// Ids of `a` that are not in `b`.
Postings Without(PostingsView a, PostingsView b);

}  // namespace hearth

#endif  // HEARTH_TSDB_INDEX_POSTINGS_H_
