// hearth_faulty: the server for tests that need another time or a disk that forgets. Only
// environment variables differ from `hearth`:
//
//   HEARTH_CLOCK_SPEED=3600   time runs so much faster, from HEARTH_CLOCK_BASE on, which is in unix
//                             milliseconds: the same base gives the same time after a restart
//   HEARTH_WAL_BYTES=65536    checkpoints begin above so many bytes of WAL, in segments of an
//   eighth HEARTH_SYNC_JOURNAL=FILE  what is written and synced is recorded there
//   (tsdb/sync_journal.h)
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>

#include "server/run.h"
#include "tsdb/fault_file_system.h"
#include "tsdb/store/testing/fault_rocks_file_system.h"
#include "tsdb/sync_journal.h"

namespace hearth {
namespace {

class FastClock : public Clock {
 public:
  FastClock(TimeMs base, TimeMs speed) : base_(base), speed_(speed) {}
  TimeMs NowMs() const override { return base_ + (SystemClock::Get().NowMs() - base_) * speed_; }

 private:
  const TimeMs base_;
  const TimeMs speed_;
};

TimeMs Number(const char* variable, TimeMs otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoll(text, nullptr, 10);
}

int Main(int argc, char** argv) {
  const FastClock clock(Number("HEARTH_CLOCK_BASE", 0), Number("HEARTH_CLOCK_SPEED", 1));
  std::unique_ptr<JournalWriter> journal;
  if (const char* path = std::getenv("HEARTH_SYNC_JOURNAL")) {
    absl::StatusOr<std::unique_ptr<JournalWriter>> created = JournalWriter::Create(path);
    if (!created.ok()) {
      std::cerr << created.status().message() << "\n";
      return 1;
    }
    journal = *std::move(created);
  }
  FaultFileSystem fs(PosixFileSystem(), journal.get());
  const std::shared_ptr<rocksdb::Env> env = NewFaultRocksEnv(&fs, journal.get());
  const auto tune = [](DbOptions* options) {
    options->max_wal_bytes = static_cast<uint64_t>(
        Number("HEARTH_WAL_BYTES", static_cast<TimeMs>(options->max_wal_bytes)));
    options->wal_segment_bytes = std::min(options->wal_segment_bytes, options->max_wal_bytes / 8);
  };
  return RunHearth(argc, argv,
                   {.clock = &clock, .fs = &fs, .rocks_env = env.get(), .tune_storage = tune});
}

}  // namespace
}  // namespace hearth

int main(int argc, char** argv) { return hearth::Main(argc, argv); }
