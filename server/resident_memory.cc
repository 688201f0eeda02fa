#include "server/resident_memory.h"

#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>

// jemalloc's interface, where the binary has it (server/allocator.cc).
extern "C" int mallctl(const char* name, void* old_value, size_t* old_size, void* new_value,
                       size_t new_size) __attribute__((weak));

namespace hearth {
namespace {

int64_t PageBytes() {
  static const int64_t bytes = sysconf(_SC_PAGESIZE);
  return bytes;
}

int64_t Control(const char* name) {
  size_t value = 0;
  size_t size = sizeof(value);
  return mallctl(name, &value, &size, nullptr, 0) == 0 ? static_cast<int64_t>(value) : 0;
}

// Segments that are never written hold nothing but what the file has.
int DropSegments(dl_phdr_info* info, size_t /*size*/, void* /*data*/) {
  const auto page = static_cast<uintptr_t>(PageBytes());
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const uintptr_t begin = (info->dlpi_addr + segment.p_vaddr) / page * page;
    const uintptr_t end = info->dlpi_addr + segment.p_vaddr + segment.p_memsz;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): addresses come as numbers here.
    madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  return 0;
}

}  // namespace

ResidentMemory ReadResidentMemory() {
  ResidentMemory memory;
  char text[128];
  const int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0) return memory;
  const ssize_t size = read(file, text, sizeof(text) - 1);
  close(file);
  long long pages = 0, file_pages = 0;
  text[size > 0 ? size : 0] = '\0';
  if (std::sscanf(text, "%*s %lld %lld", &pages, &file_pages) == 2) {
    memory = {pages * PageBytes(), file_pages * PageBytes()};
  }
  return memory;
}

std::optional<int64_t> AllocatedBytes() {
  if (mallctl == nullptr) return std::nullopt;
  uint64_t epoch = 1;
  size_t size = sizeof(epoch);
  mallctl("epoch", &epoch, &size, &epoch, size);
  return Control("stats.allocated");
}

void PurgeAllocator() {
  if (mallctl == nullptr) return;
  // 4096 is MALLCTL_ARENAS_ALL.
  mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);
}

void DropCodePages() { dl_iterate_phdr(&DropSegments, nullptr); }

}  // namespace hearth
