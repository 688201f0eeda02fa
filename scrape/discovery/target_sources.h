// scrape/discovery/target_sources.h
//
// Where the targets of one scrape configuration, or of one entry of `alertmanagers`, come from: its
// static groups, its target files, and a running provider for each other section of discovery. Who
// uses them asks now and then whether something has changed.
//
// Metrics: prometheus_sd_received_updates_total of static groups and files;
// prometheus_sd_file_read_errors_total, prometheus_sd_file_scan_duration_seconds,
// prometheus_sd_file_watcher_errors_total, and prometheus_sd_file_mtime_seconds for each
// `filename`; those of discovery_loop.h and of the providers.
//
// Thread safety: one thread at a time.
#ifndef HEARTH_SCRAPE_DISCOVERY_TARGET_SOURCES_H_
#define HEARTH_SCRAPE_DISCOVERY_TARGET_SOURCES_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "config/config.h"
#include "metrics/registry.h"
#include "model/clock.h"
#include "model/labels.h"
#include "scrape/discovery/discovery_loop.h"
#include "scrape/discovery/file_discovery.h"
#include "scrape/discovery/file_watcher.h"
#include "scrape/discovery/providers.h"

namespace hearth {

class TargetSources {
 public:
  // Borrowed; all must outlive it.
  struct Options {
    const LoadEnvironment* environment = nullptr;  // For target files.
    bool watch_files = true;                       // False reads them at each Refresh.
    DiscoveryFactory* providers = nullptr;         // Null: there are none.
    metrics::Registry* registry = nullptr;
    std::function<void(const std::string&)> warn;
  };

  // Reads the files and starts the providers.
  TargetSources(const DiscoveryConfigs& configs, DiscoveryOwner owner, TimeMs now_ms,
                Options options);
  ~TargetSources();
  TargetSources(const TargetSources&) = delete;
  TargetSources& operator=(const TargetSources&) = delete;

  const DiscoveryConfigs& configs() const { return configs_; }
  // Why providers could not be made; their targets are missing.
  const std::vector<absl::Status>& failures() const { return failures_; }
  bool only_static() const { return files_.empty() && providers_.empty(); }

  // Reads files that have changed or whose refresh_interval is over, and takes what providers have
  // found. True when that changes Targets() or has_answers().
  bool Refresh(TimeMs now_ms);
  // Every provider has ended its first refresh, as of the last Refresh.
  bool has_answers() const;
  // As of the last Refresh: the discovered labels of each target.
  std::vector<Labels> Targets() const;

 private:
  struct File {
    std::unique_ptr<FileDiscovery> discovery;
    std::unique_ptr<FileWatcher> watcher;  // Null: not watched.
    TimeMs due_ms = 0;
    std::vector<std::string> errors;      // As they were said last.
    std::map<std::string, double> times;  // By path: when it was written, in Unix seconds.
  };
  struct Provider {
    std::unique_ptr<DiscoveryLoop> loop;
    std::shared_ptr<const DiscoveryLoop::Found> found;
  };

  void StartProviders(const DiscoveryOwner& owner);
  void ReadTimes(File* file);
  // At each Refresh: two jobs may name the same file, and what one takes away the other shows
  // again.
  void ShowTimes(const File& file);
  bool RefreshFile(TimeMs now_ms, File* file);

  const DiscoveryConfigs configs_;
  const Options options_;
  metrics::Counter* const updates_;
  metrics::Counter* const read_errors_;
  metrics::Counter* const watcher_errors_;
  metrics::Summary* const scan_duration_;
  std::vector<absl::Status> failures_;
  std::vector<File> files_;
  std::vector<Provider> providers_;
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_DISCOVERY_TARGET_SOURCES_H_
