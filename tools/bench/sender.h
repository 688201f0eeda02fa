// tools/bench/sender.h
//
// One connection of the remote write generator: takes batches from a source, posts one after the
// other, and encodes the next while the server works on the last. Answers 5xx and 429, and
// connections that fail, are tried again after a short pause; other answers fail the batch.
//
// Thread safety: a Sender belongs to one thread; PushTotals may be read while senders run.
// Ownership: borrows everything it is given.
#ifndef HEARTH_TOOLS_BENCH_SENDER_H_
#define HEARTH_TOOLS_BENCH_SENDER_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "http/client.h"
#include "model/mutex.h"
#include "tools/bench/batch_source.h"
#include "tools/bench/turn_gate.h"

namespace hearth::bench {

// What all senders of a run have done so far.
class PushTotals {
 public:
  std::atomic<int64_t> samples{0};   // Acknowledged.
  std::atomic<int64_t> requests{0};  // Posted, each try counted.
  std::atomic<int64_t> retries{0};
  std::atomic<int64_t> failed{0};      // Samples that were given up.
  std::atomic<int64_t> body_bytes{0};  // Compressed, of acknowledged requests.
  std::atomic<int64_t> newest_ms{0};   // Largest acknowledged timestamp.
  std::atomic<bool> stop{false};       // The server is gone or a source broke: nobody goes on.

  void NoteError(const absl::Status& error);
  // "" when there was none.
  std::string first_error() const;

  // From posting a request to its answer, whatever that was.
  void NoteWall(std::chrono::duration<double> wall);
  // In seconds, ascending.
  std::vector<double> Walls() const;

 private:
  mutable Mutex mu_;
  std::vector<double> walls_ GUARDED_BY(mu_);
  std::string first_error_ GUARDED_BY(mu_);
};

struct SenderOptions {
  std::string url;
  int batch = 2000;            // Series a request.
  double rate = 0;             // Samples a second of this sender; 0 = as fast as possible.
  TimeMs timeout_ms = 30'000;  // For one batch with all its tries; then the whole push stops.
  TurnGate* gate = nullptr;    // Says when this sender may send; null = always. Borrowed.
};

class Sender {
 public:
  Sender(http::Client* client, BatchSource* source, SenderOptions options, PushTotals* totals);

  // Returns at the end of the source, once totals->stop is set, or when the gate gives no more
  // turns (which sets it).
  void Run();

 private:
  struct Batch {
    std::string body;
    int samples = 0;
    TimeMs newest_ms = 0;
  };
  // The answer of the request that is under way.
  struct Flight {
    Mutex mu;
    CondVar arrived;
    std::optional<absl::StatusOr<http::FetchResult>> answer GUARDED_BY(mu);
  };

  // False at the end.
  bool Encode(Batch* batch);
  void Start(const Batch& batch, TimeMs timeout_ms);
  // Waits for the answer to `batch`, tries again where that may help, and notes the outcome.
  void Finish(const Batch& batch, std::chrono::steady_clock::time_point deadline);
  absl::StatusOr<http::FetchResult> Await();
  void Succeed(const Batch& batch);
  // Waits for this sender's turn by the gate; false where there will be none.
  bool PassGate();
  // Waits until a batch is due by the rate.
  void Pace();

  http::Client* const client_;
  BatchSource* const source_;
  const SenderOptions options_;
  PushTotals* const totals_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  int64_t sent_ = 0;  // Samples, for the pace and the gate.
  WriteBody encoder_;
  Flight flight_;
};

}  // namespace hearth::bench

#endif  // HEARTH_TOOLS_BENCH_SENDER_H_
