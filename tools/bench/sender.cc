#include "tools/bench/sender.h"

#include <algorithm>
#include <thread>

#include "model/text.h"

namespace hearth::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPauseMin{20};
constexpr std::chrono::milliseconds kPauseMax{1000};
constexpr size_t kErrorBytesMax = 300;  // Of an answer's body, in an error.

TimeMs MsUntil(SteadyClock::time_point deadline) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyClock::now())
      .count();
}

// OK; kUnavailable: may be tried again; kInvalidArgument: the server refuses this batch.
absl::Status StatusOf(const absl::StatusOr<http::FetchResult>& answer) {
  if (!answer.ok()) return absl::UnavailableError(answer.status().message());
  if (http::ExpectOk(*answer).ok()) return absl::OkStatus();
  const std::string text = StrCat(FromAbsl(http::ExpectOk(*answer).message()), ": ",
                                  std::string_view(answer->body).substr(0, kErrorBytesMax));
  const bool temporary = answer->status >= 500 || answer->status == 429;
  return temporary ? absl::UnavailableError(text) : absl::InvalidArgumentError(text);
}

}  // namespace

void PushTotals::NoteError(const absl::Status& error) {
  MutexLock lock(&mu_);
  if (first_error_.empty()) first_error_ = std::string(FromAbsl(error.message()));
}

std::string PushTotals::first_error() const {
  MutexLock lock(&mu_);
  return first_error_;
}

void PushTotals::NoteWall(std::chrono::duration<double> wall) {
  MutexLock lock(&mu_);
  walls_.push_back(wall.count());
}

std::vector<double> PushTotals::Walls() const {
  std::vector<double> walls;
  {
    MutexLock lock(&mu_);
    walls = walls_;
  }
  std::sort(walls.begin(), walls.end());
  return walls;
}

Sender::Sender(http::Client* client, BatchSource* source, SenderOptions options, PushTotals* totals)
    : client_(client), source_(source), options_(std::move(options)), totals_(totals) {}

void Sender::Run() {
  Batch current;
  Batch next;
  bool more = Encode(&current);
  while (more && !totals_->stop && PassGate()) {
    Pace();
    const auto deadline = SteadyClock::now() + std::chrono::milliseconds(options_.timeout_ms);
    Start(current, options_.timeout_ms);
    more = Encode(&next);
    Finish(current, deadline);
    std::swap(current, next);
  }
}

bool Sender::Encode(Batch* batch) {
  encoder_.Clear();
  if (const absl::Status status = source_->Next(options_.batch, &encoder_); !status.ok()) {
    totals_->NoteError(status);
    totals_->stop = true;
    return false;
  }
  if (encoder_.samples() == 0) return false;
  *batch = {encoder_.Compress(), encoder_.samples(), encoder_.newest_ms()};
  return true;
}

void Sender::Start(const Batch& batch, TimeMs timeout_ms) {
  {
    MutexLock lock(&flight_.mu);
    flight_.answer.reset();
  }
  ++totals_->requests;
  http::FetchRequest request;
  request.method = "POST";
  request.url = options_.url;
  request.headers = {{"Content-Type", "application/x-protobuf"},
                     {"Content-Encoding", "snappy"},
                     {"X-Prometheus-Remote-Write-Version", "0.1.0"},
                     {"User-Agent", "hearth-bench"}};
  request.body = batch.body;
  request.timeout_ms = timeout_ms;
  request.follow_redirects = false;
  client_->Fetch(std::move(request),
                 [this, posted = SteadyClock::now()](absl::StatusOr<http::FetchResult> answer) {
                   totals_->NoteWall(SteadyClock::now() - posted);
                   MutexLock lock(&flight_.mu);
                   flight_.answer = std::move(answer);
                   flight_.arrived.Signal();
                 });
}

absl::StatusOr<http::FetchResult> Sender::Await() {
  MutexLock lock(&flight_.mu);
  while (!flight_.answer) flight_.arrived.Wait(&flight_.mu);
  return *std::move(flight_.answer);
}

void Sender::Finish(const Batch& batch, SteadyClock::time_point deadline) {
  std::chrono::milliseconds pause = kPauseMin;
  for (;;) {
    const absl::Status status = StatusOf(Await());
    if (status.ok()) return Succeed(batch);
    totals_->NoteError(status);
    const bool may_retry = absl::IsUnavailable(status);
    if (!may_retry || totals_->stop || MsUntil(deadline) <= pause.count()) {
      totals_->failed += batch.samples;
      if (may_retry) totals_->stop = true;
      return;
    }
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, kPauseMax);
    ++totals_->retries;
    Start(batch, std::max<TimeMs>(MsUntil(deadline), 1));
  }
}

void Sender::Succeed(const Batch& batch) {
  totals_->samples += batch.samples;
  totals_->body_bytes += static_cast<int64_t>(batch.body.size());
  int64_t newest = totals_->newest_ms;
  while (newest < batch.newest_ms &&
         !totals_->newest_ms.compare_exchange_weak(newest, batch.newest_ms)) {
  }
  sent_ += batch.samples;
}

bool Sender::PassGate() {
  if (options_.gate == nullptr || options_.gate->Pass(sent_)) return true;
  totals_->NoteError(absl::CancelledError("standard input ended before the push did"));
  totals_->stop = true;
  return false;
}

void Sender::Pace() {
  if (options_.rate <= 0) return;
  const std::chrono::duration<double> due(static_cast<double>(sent_) / options_.rate);
  std::this_thread::sleep_until(started_ + std::chrono::duration_cast<SteadyClock::duration>(due));
}

}  // namespace hearth::bench
