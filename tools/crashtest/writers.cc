#include "tools/crashtest/writers.h"

#include <algorithm>
#include <chrono>

#include "blackbox/remote_write_sender.h"
#include "blackbox/server_process.h"
#include "model/labels.h"
#include "model/text.h"

namespace hearth::crashtest {

namespace {

using blackbox::TimeSeries;

constexpr TimeMs kStepMs = 60'000;
constexpr TimeMs kSharedEveryMs = 20 * 60'000;
constexpr int kSharedSeries = 10;
constexpr TimeMs kLateMs = 30 * 60'000;  // At most so old are late samples.
constexpr size_t kRestingMin = 5, kRestingMax = 20;
constexpr int kStepsMax = 8;  // Of one request.

// A value that tells its series and time, with enough digits that no codec finds it easy.
double ValueOf(SeriesId id, TimeMs t) {
  return static_cast<double>((t / 1000) % 1'000'003) * 1.1 + static_cast<double>(id) * 1e-3;
}

Labels LabelsOf(SeriesId id, int part) {
  return Labels{{"__name__", "crash_samples"}, {"id", StrCat(id)}, {"part", StrCat(part)}};
}

}  // namespace

// One thread's state, kept over restarts of the server.
class Writers::Writer {
 public:
  Writer(Writers* all, int part, uint64_t seed) : all_(all), part_(part), random_(seed) {
    for (int i = 0; i < all->options_.series; ++i) active_.push_back(NewSeries());
  }

  void Run(const std::string& url) {
    url_ = url;
    if (!pending_.empty() && Chance(50)) {
      ++all_->counts_.repeated;
      if (!Send(pending_)) return;
    }
    pending_.clear();
    while (!all_->stop_.load()) {
      const TimeMs now = all_->time_->NowMs();
      // After a pause there is a gap, as with any sender.
      next_ = std::max(next_, now / kStepMs * kStepMs - 2 * kStepMs);
      if (next_ > now) {
        blackbox::WaitFor(std::chrono::milliseconds(all_->time_->OnMachine(next_ - now) + 1),
                          [this] { return all_->stop_.load(); });
        continue;
      }
      if (!Step(now)) return;
    }
  }

 private:
  bool Chance(int percent) { return static_cast<int>(random_() % 100) < percent; }

  SeriesId NewSeries() {
    ++all_->counts_.new_series;
    return all_->ledger_->AddSeries(/*ordered=*/true);
  }

  // Has a series rest, by a new one or by one that rested: it left the server's memory meanwhile.
  void Replace(size_t i) {
    const SeriesId rests = active_[i];
    if (resting_.size() > kRestingMin && Chance(50)) {
      std::swap(active_[i], resting_[random_() % resting_.size()]);
      return;
    }
    active_[i] = NewSeries();
    resting_.push_back(rests);
    if (resting_.size() > kRestingMax) resting_.erase(resting_.begin());
  }

  // One or more requests; false when the server is gone.
  bool Step(TimeMs now) {
    if (Chance(40)) Replace(random_() % active_.size());
    std::vector<TimeSeries> request;
    const TimeMs until = std::min(now, next_ + (kStepsMax - 1) * kStepMs);
    for (const SeriesId id : active_) {
      TimeSeries& series = request.emplace_back(TimeSeries{LabelsOf(id, part_), {}});
      for (TimeMs t = next_; t <= until; t += kStepMs)
        series.samples.push_back({t, ValueOf(id, t)});
    }
    next_ = until - (until - next_) % kStepMs + kStepMs;
    if (!Send(request)) return false;
    if (Chance(10)) {
      ++all_->counts_.repeated;
      if (!Send(request)) return false;
    }
    if (Chance(15) && !SendLate()) return false;
    if (Chance(5) && !SendHistory(now)) return false;
    const int64_t slot = now / kSharedEveryMs;
    if (slot == shared_slot_) return true;
    shared_slot_ = slot;
    return SendShared(slot);
  }

  // Samples between those that are there already.
  bool SendLate() {
    std::vector<TimeSeries> request;
    const TimeMs t = next_ - kStepMs -
                     static_cast<TimeMs>(random_() % (kLateMs / kStepMs)) * kStepMs - 1 -
                     static_cast<TimeMs>(random_() % (kStepMs - 1));
    for (size_t i = random_() % 5; i < active_.size(); i += 5) {
      request.push_back({LabelsOf(active_[i], part_), {{t, ValueOf(active_[i], t)}}});
    }
    const uint64_t before = all_->counts_.acknowledged.load();
    const bool going = Send(request);
    if (going && all_->counts_.acknowledged.load() > before) ++all_->counts_.late;
    return going;
  }

  // New series whose windows were sealed long ago, or are about to leave the retention.
  bool SendHistory(TimeMs now) {
    const auto age =
        static_cast<TimeMs>(random_() % static_cast<uint64_t>(all_->options_.retention_ms));
    const TimeMs from = now - (Chance(50) ? all_->options_.retention_ms - kLateMs : age);
    std::vector<TimeSeries> request;
    for (int i = 0; i < 3; ++i) {
      const SeriesId id = NewSeries();
      TimeSeries& series = request.emplace_back(TimeSeries{LabelsOf(id, part_), {}});
      for (TimeMs t = from; t < from + 3 * kStepMs; t += kStepMs) {
        series.samples.push_back({t, ValueOf(id, t)});
      }
    }
    return Send(request);
  }

  bool SendShared(int64_t slot) {
    std::vector<TimeSeries> request;
    const TimeMs t = slot * kSharedEveryMs;
    for (const SeriesId id : all_->SharedSeries(slot)) {
      request.push_back({LabelsOf(id, all_->options_.writers), {{t, ValueOf(id, t)}}});
    }
    return Send(request);
  }

  static SeriesId IdOf(const TimeSeries& series) {
    return static_cast<SeriesId>(std::stoul(std::string(series.labels.Get("id"))));
  }

  bool Send(const std::vector<TimeSeries>& request) {
    for (const TimeSeries& series : request) {
      for (const Sample& sample : series.samples) all_->ledger_->Sent(IdOf(series), sample);
    }
    const blackbox::Answer answer =
        blackbox::Http("POST", url_ + "/api/v1/write",
                       blackbox::SnappyCompress(blackbox::EncodeWriteRequest(request)),
                       {"Content-Type: application/x-protobuf", "Content-Encoding: snappy",
                        "X-Prometheus-Remote-Write-Version: 0.1.0"},
                       std::chrono::seconds(10));
    if (answer.status == 0) {
      ++all_->counts_.unanswered;
      pending_ = request;
      return false;
    }
    if (answer.status / 100 != 2) {
      ++all_->counts_.refused;
      return true;
    }
    ++all_->counts_.acknowledged;
    const TimeMs now = MachineMs();
    for (const TimeSeries& series : request) {
      for (const Sample& sample : series.samples) {
        all_->ledger_->Acknowledged(IdOf(series), sample.t, now);
      }
    }
    return true;
  }

  Writers* const all_;
  const int part_;
  std::mt19937_64 random_;
  std::string url_;
  std::vector<SeriesId> active_;
  std::vector<SeriesId> resting_;    // Oldest first.
  std::vector<TimeSeries> pending_;  // The request that was not answered.
  TimeMs next_ = 0;                  // The server's time of the next step.
  int64_t shared_slot_ = -1;
};

Writers::Writers(WritersOptions options, const FastTime* time, Ledger* ledger)
    : options_(options), time_(time), ledger_(ledger) {
  for (int part = 0; part < options_.writers; ++part) {
    writers_.push_back(
        std::make_unique<Writer>(this, part, options_.seed * 1000 + static_cast<uint64_t>(part)));
  }
}

Writers::~Writers() { Stop(); }

void Writers::Start(const std::string& url) {
  stop_ = false;
  for (const auto& writer : writers_) {
    threads_.emplace_back([url, w = writer.get()] { w->Run(url); });
  }
}

void Writers::Stop() {
  stop_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

std::vector<SeriesId> Writers::SharedSeries(int64_t slot) {
  MutexLock lock(&mu_);
  std::vector<SeriesId>& ids = shared_[slot];
  for (int i = static_cast<int>(ids.size()); i < kSharedSeries; ++i) {
    ids.push_back(ledger_->AddSeries(/*ordered=*/false));
  }
  return ids;
}

}  // namespace hearth::crashtest
