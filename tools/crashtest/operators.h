// tools/crashtest/operators.h
//
// Operators: what an operator asks for beside the writes: deletes of series made for it, snapshots,
// compact and clean_tombstones through the admin API. Endpoints that the server does not have yet
// are counted as refused.
//
// Thread safety: one caller.
#ifndef HEARTH_TOOLS_CRASHTEST_OPERATORS_H_
#define HEARTH_TOOLS_CRASHTEST_OPERATORS_H_

#include <atomic>
#include <cstdint>
#include <random>
#include <string>
#include <thread>

#include "tools/crashtest/fast_time.h"
#include "tools/crashtest/ledger.h"

namespace hearth::crashtest {

struct OperatorCounts {
  std::atomic<uint64_t> deletes{0};  // Acknowledged.
  std::atomic<uint64_t> snapshots{0};
  std::atomic<uint64_t> compactions{0};
  std::atomic<uint64_t> refused{0};
};

class Operators {
 public:
  // `part`: the label value of the series that it makes. `snapshots`: the folder to keep small.
  Operators(uint64_t seed, int part, std::string snapshots, const FastTime* time, Ledger* ledger)
      : part_(part),
        snapshots_(std::move(snapshots)),
        time_(time),
        ledger_(ledger),
        random_(seed) {}
  ~Operators() { Stop(); }

  void Start(const std::string& url);
  void Stop();
  const OperatorCounts& counts() const { return counts_; }

 private:
  void Run(const std::string& url);
  // False when the server does not answer any more.
  bool WriteAndDelete(const std::string& url);
  bool Ask(const std::string& url, const std::string& path, std::atomic<uint64_t>* done);

  const int part_;
  const std::string snapshots_;
  const FastTime* const time_;
  Ledger* const ledger_;
  std::mt19937_64 random_;
  OperatorCounts counts_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace hearth::crashtest

#endif  // HEARTH_TOOLS_CRASHTEST_OPERATORS_H_
