#include "scrape/discovery/discovery_loop.h"

#include <algorithm>
#include <chrono>

#include "model/text.h"

namespace hearth {
namespace {

metrics::LabelPairs LabelsOf(const std::string& config, const Discovery& discovery) {
  return {{"config", config}, {"mechanism", std::string(discovery.mechanism())}};
}

}  // namespace

DiscoveryLoop::DiscoveryLoop(std::unique_ptr<Discovery> discovery, Options options)
    : discovery_(std::move(discovery)),
      options_(std::move(options)),
      failures_(
          options_.registry->AddCounter("prometheus_sd_refresh_failures_total",
                                        "Number of refresh failures for the given SD mechanism.",
                                        LabelsOf(options_.owner.config, *discovery_))),
      updates_(options_.registry->AddCounter(
          "prometheus_sd_received_updates_total",
          "Total number of update events received from the SD providers.",
          {{"name", options_.owner.name}})),
      duration_(options_.registry->AddSummary(
          "prometheus_sd_refresh_duration_seconds",
          "The duration of a refresh in seconds for the given SD mechanism.",
          LabelsOf(options_.owner.config, *discovery_))),
      duration_histogram_(options_.registry->AddHistogram(
          "prometheus_sd_refresh_duration_histogram_seconds",
          "The duration of a refresh for the given SD mechanism.", {.01, .1, 1, 10},
          {{"mechanism", std::string(discovery_->mechanism())}})),
      thread_([this] { Run(); }) {}

DiscoveryLoop::~DiscoveryLoop() {
  {
    MutexLock lock(&mu_);
    stopping_ = true;
    wake_.SignalAll();
  }
  discovery_->Cancel();
  thread_.join();
}

std::shared_ptr<const DiscoveryLoop::Found> DiscoveryLoop::Read() const {
  MutexLock lock(&mu_);
  return found_;
}

void DiscoveryLoop::Run() {
  while (true) {
    RefreshOnce();
    const TimeMs interval_ms = std::max(discovery_->interval_ms(), options_.interval_min_ms);
    const auto next = std::chrono::steady_clock::now() + std::chrono::milliseconds(interval_ms);
    MutexLock lock(&mu_);
    while (!stopping_) {
      const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(
          next - std::chrono::steady_clock::now());
      if (wait.count() <= 0) break;
      wake_.WaitFor(&mu_, wait);
    }
    if (stopping_) return;
  }
}

void DiscoveryLoop::RefreshOnce() {
  const auto start = std::chrono::steady_clock::now();
  absl::StatusOr<std::vector<Labels>> targets = discovery_->Refresh();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  if (absl::IsCancelled(targets.status())) return;
  duration_->Observe(took.count());
  duration_histogram_->Observe(took.count());

  auto next = std::make_shared<Found>();
  const std::shared_ptr<const Found> previous = Read();
  next->answered = true;
  if (targets.ok()) {
    updates_->Increment();
    last_error_.clear();
    next->targets = *std::move(targets);
    if (previous->answered && next->targets == previous->targets) return;
  } else {
    failures_->Increment();
    std::string error = StrCat(options_.owner.title, ": service discovery ",
                               discovery_->mechanism(), ": ", FromAbsl(targets.status().message()));
    if (error != last_error_) options_.warn(error);
    last_error_ = std::move(error);
    if (previous->answered) return;
  }
  next->version = previous->version + 1;
  MutexLock lock(&mu_);
  found_ = std::move(next);
}

}  // namespace hearth
