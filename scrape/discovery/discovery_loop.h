// scrape/discovery/discovery_loop.h
//
// Runs one Discovery: a thread that refreshes it at its interval and keeps what it last found. A
// refresh that fails keeps the targets, counts, and is said once for each new reason.
//
// Metrics: prometheus_sd_refresh_failures_total and prometheus_sd_refresh_duration_seconds with
// `config` and `mechanism`, prometheus_sd_refresh_duration_histogram_seconds with `mechanism`,
// prometheus_sd_received_updates_total with `name`.
//
// Thread safety: all methods may be called from any thread. Ownership: borrows the registry, which
// must outlive it.
#ifndef HEARTH_SCRAPE_DISCOVERY_DISCOVERY_LOOP_H_
#define HEARTH_SCRAPE_DISCOVERY_DISCOVERY_LOOP_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "metrics/registry.h"
#include "model/mutex.h"
#include "scrape/discovery/discovery.h"

namespace hearth {

// Whom targets are looked for: how metrics and the log call it.
struct DiscoveryOwner {
  std::string name;    // "scrape" or "notify".
  std::string config;  // The job, or an Alertmanager's "config-0".
  std::string title;   // "scrape pool node"
};
inline DiscoveryOwner ScrapePoolOwner(const std::string& job) {
  return {.name = "scrape", .config = job, .title = "scrape pool " + job};
}

class DiscoveryLoop {
 public:
  struct Options {
    DiscoveryOwner owner;
    metrics::Registry* registry = nullptr;
    TimeMs interval_min_ms = 1'000;                // An interval of 0 must not ask without a pause.
    std::function<void(const std::string&)> warn;  // Called on the loop's thread.
  };

  // Starts at once.
  DiscoveryLoop(std::unique_ptr<Discovery> discovery, Options options);
  // Cancels a refresh that runs and joins.
  ~DiscoveryLoop();
  DiscoveryLoop(const DiscoveryLoop&) = delete;
  DiscoveryLoop& operator=(const DiscoveryLoop&) = delete;

  struct Found {
    std::vector<Labels> targets;  // Of the last refresh that succeeded.
    uint64_t version = 0;         // Grows when the targets change and when `answered` turns true.
    bool answered = false;        // The first refresh has ended, well or badly.
  };
  std::shared_ptr<const Found> Read() const LOCKS_EXCLUDED(mu_);

 private:
  void Run() LOCKS_EXCLUDED(mu_);
  void RefreshOnce() LOCKS_EXCLUDED(mu_);

  const std::unique_ptr<Discovery> discovery_;
  const Options options_;
  metrics::Counter* const failures_;
  metrics::Counter* const updates_;
  metrics::Summary* const duration_;
  metrics::Histogram* const duration_histogram_;
  std::string last_error_;  // On the loop's thread only.

  mutable Mutex mu_;
  CondVar wake_;
  bool stopping_ GUARDED_BY(mu_) = false;
  std::shared_ptr<const Found> found_ GUARDED_BY(mu_) = std::make_shared<Found>();
  std::thread thread_;  // Last: it uses all of the above.
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_DISCOVERY_DISCOVERY_LOOP_H_
