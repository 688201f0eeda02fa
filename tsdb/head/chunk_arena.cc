#include "tsdb/head/chunk_arena.h"

#include <cstdlib>
#include <new>

namespace hearth {

// At the front of each page, which is aligned to its size so that a block finds it by masking.
struct alignas(ChunkArena::kStepBytes) ChunkArena::Page {
  Page* next;
  Page* previous;
  char* free_list;     // Freed blocks; the first bytes of each point to the next.
  uint32_t steps;      // Block size.
  uint32_t used;       // Blocks handed out.
  uint32_t untouched;  // Offset of the first block that was never handed out.

  size_t block_bytes() const { return steps * kStepBytes; }
  bool full() const { return free_list == nullptr && untouched + block_bytes() > kPageBytes; }
};

ChunkArena::~ChunkArena() {
  for (Page* list : open_) {
    while (list != nullptr) {
      Page* const next = list->next;
      std::free(list);
      list = next;
    }
  }
  while (full_ != nullptr) {
    Page* const next = full_->next;
    std::free(full_);
    full_ = next;
  }
  for (void* page : spare_) std::free(page);
}

void ChunkArena::Link(Page* page) {
  Page*& list = page->full() ? full_ : open_[page->steps];
  page->previous = nullptr;
  page->next = list;
  if (list != nullptr) list->previous = page;
  list = page;
}

void ChunkArena::Unlink(Page* page) {
  if (page->next != nullptr) page->next->previous = page->previous;
  if (page->previous != nullptr) {
    page->previous->next = page->next;
  } else if (full_ == page) {
    full_ = page->next;
  } else {
    open_[page->steps] = page->next;
  }
}

ChunkArena::Page* ChunkArena::NewPage(size_t steps) {
  void* memory;
  if (!spare_.empty()) {
    memory = spare_.back();
    spare_.pop_back();
  } else {
    memory = std::aligned_alloc(kPageBytes, kPageBytes);
    if (memory == nullptr) std::abort();  // Out of memory, as operator new would end.
    ++pages_;
  }
  Page* page =
      new (memory) Page{nullptr, nullptr, nullptr, static_cast<uint32_t>(steps), 0, sizeof(Page)};
  Link(page);
  return page;
}

char* ChunkArena::Allocate(size_t steps) {
  Page* page = open_[steps];
  if (page == nullptr) page = NewPage(steps);
  char* block;
  if (page->free_list != nullptr) {
    block = page->free_list;
    page->free_list = *reinterpret_cast<char**>(block);
  } else {
    block = reinterpret_cast<char*>(page) + page->untouched;
    page->untouched += static_cast<uint32_t>(page->block_bytes());
  }
  ++page->used;
  if (page->full()) {
    Unlink(page);
    Link(page);
  }
  return block;
}

void ChunkArena::Free(char* block) {
  Page* const page =
      reinterpret_cast<Page*>(reinterpret_cast<uintptr_t>(block) & ~(kPageBytes - 1));
  const bool was_full = page->full();
  if (was_full) Unlink(page);
  *reinterpret_cast<char**>(block) = page->free_list;
  page->free_list = block;
  --page->used;
  if (page->used == 0) {
    if (!was_full) Unlink(page);
    if (spare_.size() < kSparePages) {
      spare_.push_back(page);
    } else {
      std::free(page);
      --pages_;
    }
  } else if (was_full) {
    Link(page);
  }
}

}  // namespace hearth
