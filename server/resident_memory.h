// server/resident_memory.h
//
// How much memory the process takes, as the kernel and the allocator see it.
//
// Thread safety: pure functions of the process.
#ifndef HEARTH_SERVER_RESIDENT_MEMORY_H_
#define HEARTH_SERVER_RESIDENT_MEMORY_H_

#include <cstdint>
#include <optional>

namespace hearth {

// In bytes. From /proc/self/statm, which costs some microseconds and is right to a few hundred KiB.
struct ResidentMemory {
  int64_t total = 0;
  int64_t file = 0;  // Of it, pages of files: the program's code and its libraries'.
};
ResidentMemory ReadResidentMemory();

// What the program has allocated, as jemalloc counts; nothing in a binary without it.
std::optional<int64_t> AllocatedBytes();

// Gives the allocator's free pages back to the system now.
void PurgeAllocator();

// Takes the pages of the program's code out of memory: those that are used come back at once, from
// the page cache. For after the start, which runs through much code that is never needed again.
void DropCodePages();

}  // namespace hearth

#endif  // HEARTH_SERVER_RESIDENT_MEMORY_H_
