// tools/crashtest/writers.h
//
// Writers: several threads that push samples by remote write and note in the ledger what was sent
// and what was answered with 2xx. In order; now and then late, repeated, with new series; and all
// at once the same new series. A request without an answer is sent again after the restart, or not.
//
// Thread safety: one caller.
#ifndef HEARTH_TOOLS_CRASHTEST_WRITERS_H_
#define HEARTH_TOOLS_CRASHTEST_WRITERS_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "model/mutex.h"
#include "tools/crashtest/fast_time.h"
#include "tools/crashtest/ledger.h"

namespace hearth::crashtest {

struct WritersOptions {
  int writers = 4;
  int series = 50;  // Of each writer at a time.
  uint64_t seed = 1;
  TimeMs retention_ms = 0;  // The server's.
};

struct WriterCounts {
  std::atomic<uint64_t> acknowledged{0};  // Requests.
  std::atomic<uint64_t> refused{0};       // Answered with something else.
  std::atomic<uint64_t> unanswered{0};
  std::atomic<uint64_t> late{0};      // Requests with late samples that were acknowledged.
  std::atomic<uint64_t> repeated{0};  // Requests that were sent again.
  std::atomic<uint64_t> new_series{0};
};

class Writers {
 public:
  // All borrowed.
  Writers(WritersOptions options, const FastTime* time, Ledger* ledger);
  ~Writers();

  // Writes to `url` until Stop, or until the server does not answer any more.
  void Start(const std::string& url);
  void Stop();
  const WriterCounts& counts() const { return counts_; }
  int parts() const { return options_.writers + 1; }  // Values of the label `part`.

 private:
  class Writer;
  // The series that every writer creates at the `slot`-th time, and the samples it sends.
  std::vector<SeriesId> SharedSeries(int64_t slot) LOCKS_EXCLUDED(mu_);

  const WritersOptions options_;
  const FastTime* const time_;
  Ledger* const ledger_;
  WriterCounts counts_;
  std::atomic<bool> stop_{false};
  std::vector<std::unique_ptr<Writer>> writers_;
  std::vector<std::thread> threads_;
  Mutex mu_;
  std::map<int64_t, std::vector<SeriesId>> shared_ GUARDED_BY(mu_);
};

}  // namespace hearth::crashtest

#endif  // HEARTH_TOOLS_CRASHTEST_WRITERS_H_
