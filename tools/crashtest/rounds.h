// tools/crashtest/rounds.h
//
// Rounds: start, write, kill, perhaps cut the power, start again, compare; many times over one data
// directory.
//
// Thread safety: one caller.
#ifndef HEARTH_TOOLS_CRASHTEST_ROUNDS_H_
#define HEARTH_TOOLS_CRASHTEST_ROUNDS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "blackbox/process.h"
#include "tools/crashtest/fast_time.h"
#include "tools/crashtest/ledger.h"
#include "tools/crashtest/operators.h"
#include "tools/crashtest/writers.h"
#include "tsdb/kill_point.h"

namespace hearth::crashtest {

struct RoundsOptions {
  std::string binary;     // server/hearth_faulty
  std::string directory;  // Exists; holds data, log, counts and journal.
  uint16_t port = 0;
  int rounds = 20;
  uint64_t seed = 1;
  int series = 200;
  bool power_cut = false;
  std::string point;  // Kill at this one only; "" = in turn at random moments and at all points.
  int speed = 3600;   // Of the server's clock.
  TimeMs retention_ms = TimeMs{12} * 3600 * 1000;  // The server's time.
  TimeMs round_ms = 1500;         // Machine's time; a round takes at most twice it.
  TimeMs sync_interval_ms = 200;  // Machine's time.
  uint64_t wal_bytes = 64 << 10;  // Checkpoints begin above; a round writes more.
  // How much longer than the interval a sync may take on a busy machine.
  TimeMs sync_slack_ms = 2000;
};

struct Totals {
  int rounds = 0;
  Findings findings;
  uint64_t failed_starts = 0;
  uint64_t fat_starts = 0;  // Anonymous memory after a start above kMemoryFactor times that before.
  uint64_t failed_reads = 0;  // Queries that a living server did not answer.
  uint64_t died_by_itself = 0;
  double worst_memory_ratio = 0;
  double slowest_start_s = 0;
  uint64_t cut_files = 0, cut_bytes = 0, undone_entries = 0;
  KillCounts killed_at = {};  // Deaths by named point.
  uint64_t killed_at_random = 0;
};

class Rounds {
 public:
  explicit Rounds(RoundsOptions options);
  ~Rounds();

  // Runs them all and prints a line for each round that found something. kInternal when the machine
  // does not let it (no port, no space).
  absl::Status Run();
  const Totals& totals() const { return totals_; }
  const WriterCounts& writer_counts() const { return writers_->counts(); }
  const OperatorCounts& operator_counts() const { return operators_->counts(); }
  uint64_t acknowledged() const { return ledger_.acknowledged(); }
  // How often each point was passed, over all lives of the server.
  KillCounts Passed() const;
  bool good() const;

 private:
  // Where the coming life of the server is to end.
  struct Death {
    std::optional<KillPoint> point;  // Nothing: at a random moment.
    uint64_t nth = 0;
    TimeMs after_ms = 0;  // Machine's time after readiness, at the latest.
  };
  Death ChooseDeath();
  void StartProcess();
  // Starts the server, armed with death_, and waits until it is ready. A server that was killed at
  // its point on the way is started again, without one.
  bool Start();
  // True when the process has ended at its named point; counts it and disarms the next start.
  bool TakeNamedDeath();
  // Lets the server live, under load, until its death; notes memory and moment.
  void Live();
  absl::Status CutPower();
  void NoteMemory();
  // Every sample through the API; nothing when the server does not answer.
  absl::StatusOr<Answered> Read();
  Findings Compare(const Answered& answered);
  absl::Status StartAndCompare();
  absl::Status OneRound();

  const RoundsOptions options_;
  const FastTime time_;
  std::mt19937_64 random_;
  Ledger ledger_;
  std::unique_ptr<Writers> writers_;
  std::unique_ptr<Operators> operators_;
  std::unique_ptr<blackbox::Process> process_;
  Death death_;  // Of process_.
  int64_t anonymous_before_ = 0;
  TimeMs died_at_ms_ = INT64_MAX;  // Machine's time.
  size_t next_point_ = 0;
  uint64_t lives_ = 0;
  Totals totals_;
};

}  // namespace hearth::crashtest

#endif  // HEARTH_TOOLS_CRASHTEST_ROUNDS_H_
