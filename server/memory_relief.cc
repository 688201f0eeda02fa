#include "server/memory_relief.h"

#include "server/resident_memory.h"
#include "spdlog/spdlog.h"

namespace hearth {
namespace {

// What caches keep under pressure, of what they may have.
constexpr double kCacheShare = 1.0 / 8;
// A chunk of the usual 120 samples takes 100 to 300 bytes; one of so many is left open.
constexpr size_t kOpenChunkBytes = 128;
constexpr std::chrono::seconds kPurgeEvery(1);
constexpr std::chrono::seconds kCloseEvery(30);

const char* TextOf(MemoryPressure pressure) {
  static constexpr const char* kTexts[] = {"there is enough", "caches shrink",
                                           "chunks and windows are flushed early",
                                           "new series are refused", "writes are refused"};
  return kTexts[static_cast<size_t>(pressure)];
}

}  // namespace

void MemoryRelief::Relieve(MemoryPressure pressure, promql::Engine* engine) {
  Db* const db = storage_->get();
  if (pressure != before_) {
    // Levels below are left and reached all the time by a server that is as large as it may be.
    if (pressure >= MemoryPressure::kRefuse || before_ >= MemoryPressure::kRefuse) {
      spdlog::warn("Memory: {} MiB resident, {}", ReadResidentMemory().total >> 20,
                   TextOf(pressure));
    }
    const bool were_short = before_ > MemoryPressure::kNone;
    const bool are_short = pressure > MemoryPressure::kNone;
    before_ = pressure;
    if (db != nullptr && were_short != are_short) db->ShrinkCaches(are_short ? kCacheShare : 1);
    if (are_short && !were_short) DropCodePages();
  }
  const auto now = Clock::now();
  if (pressure >= MemoryPressure::kFlush && db != nullptr && now >= close_at_) {
    close_at_ = now + kCloseEvery;
    db->CloseOpenChunks(kOpenChunkBytes);
    db->Wake();
  }
  if (pressure >= MemoryPressure::kShrink && now >= purge_at_) {
    purge_at_ = now + kPurgeEvery;
    // Again each second: its limit stays, so it fills again.
    const double most = static_cast<double>(engine->options().cache_bytes);
    engine->ShrinkCache(static_cast<int64_t>(most * kCacheShare));
    PurgeAllocator();
  }
}

}  // namespace hearth
