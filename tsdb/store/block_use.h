// tsdb/store/block_use.h
//
// Whether blocks that are read stay in the cache for the next reader: not those of a merge, which
// reads everything once.
//
// Thread safety: a value.
#ifndef HEARTH_TSDB_STORE_BLOCK_USE_H_
#define HEARTH_TSDB_STORE_BLOCK_USE_H_

namespace hearth {

enum class BlockUse { kAgain, kOnce };

}  // namespace hearth

#endif  // HEARTH_TSDB_STORE_BLOCK_USE_H_
