// tsdb/head/chunk_arena.h
//
// ChunkArena: the memory of open chunks, in blocks of 64, 128, 192 ... bytes. A chunk moves to the
// next size when it is full, so it wastes half a step on average. Pages hold blocks of one size; a
// page whose last block was freed serves any size again, because series that were created together
// also grow together and leave whole pages behind.
//
// Thread safety: none; the head's commit lock guards it.
#ifndef HEARTH_TSDB_HEAD_CHUNK_ARENA_H_
#define HEARTH_TSDB_HEAD_CHUNK_ARENA_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace hearth {

class ChunkArena {
 public:
  static constexpr size_t kStepBytes = 64;
  static constexpr size_t kMaxBlockBytes = 40 * kStepBytes;

  ChunkArena() = default;
  ChunkArena(const ChunkArena&) = delete;
  ChunkArena& operator=(const ChunkArena&) = delete;
  ~ChunkArena();

  // A block of steps * kStepBytes bytes, 1 <= steps <= kMaxBlockBytes / kStepBytes, not cleared.
  char* Allocate(size_t steps);
  void Free(char* block);

  // Taken from the system.
  size_t bytes() const { return pages_ * kPageBytes; }

 private:
  struct Page;
  static constexpr size_t kPageBytes = size_t{32} << 10;
  // Empty pages that are kept for the next Allocate; beyond, they go back to the system.
  static constexpr size_t kSparePages = 64;

  // Pages of one block size that have a free block, as a doubly linked list.
  void Link(Page* page);
  void Unlink(Page* page);
  Page* NewPage(size_t steps);

  std::array<Page*, kMaxBlockBytes / kStepBytes + 1> open_{};  // By steps.
  Page* full_ = nullptr;  // All pages without a free block, so that the destructor finds them.
  std::vector<void*> spare_;
  size_t pages_ = 0;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_HEAD_CHUNK_ARENA_H_
