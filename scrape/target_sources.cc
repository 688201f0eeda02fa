#include "scrape/target_sources.h"

#include <algorithm>

#include "model/status.h"
#include "scrape/discovery/target_groups.h"

namespace hearth {

TargetSources::TargetSources(const ScrapeConfig& config, Options options)
    : configs_(config.discovery),
      options_(std::move(options)),
      read_errors_(options_.registry->AddCounter("prometheus_sd_file_read_errors_total",
                                                 "The number of File-SD read errors.")) {
  for (const FileSdConfig& file : configs_.file_sd_configs) {
    files_.push_back({std::make_unique<FileDiscovery>(file, options_.environment),
                      options_.watch_files ? std::make_unique<FileWatcher>(file.files) : nullptr});
  }
}

absl::StatusOr<std::shared_ptr<TargetSources>> TargetSources::Create(const ScrapeConfig& config,
                                                                     TimeMs now_ms,
                                                                     Options options) {
  std::shared_ptr<TargetSources> sources(new TargetSources(config, std::move(options)));
  const Options& o = sources->options_;
  if (o.providers != nullptr) {
    HEARTH_ASSIGN_OR_RETURN(auto discoveries, o.providers->Create(config.discovery));
    for (std::unique_ptr<Discovery>& discovery : discoveries) {
      DiscoveryLoop::Options loop;
      loop.job = config.job_name;
      loop.registry = o.registry;
      loop.warn = o.warn;
      sources->providers_.push_back(
          {std::make_unique<DiscoveryLoop>(std::move(discovery), std::move(loop)),
           std::make_shared<DiscoveryLoop::Found>()});
    }
  }
  sources->Refresh(now_ms);
  return sources;
}

bool TargetSources::RefreshFile(TimeMs now_ms, File* file) {
  // Both are asked: the watcher forgets what it has told.
  const bool changed = file->watcher == nullptr || file->watcher->Changed();
  const TimeMs interval = file->discovery->config().refresh_interval.ms;
  // A clock that was set back would make it wait for longer.
  if (!changed && now_ms < file->due_ms && now_ms >= file->due_ms - interval) return false;
  file->due_ms = now_ms + interval;
  const bool new_targets = file->discovery->Refresh();
  const std::vector<std::string>& errors = file->discovery->errors();
  read_errors_->Increment(errors.size());
  for (const std::string& error : errors) {
    if (std::find(file->errors.begin(), file->errors.end(), error) == file->errors.end())
      options_.warn(error);
  }
  file->errors = errors;
  return new_targets;
}

bool TargetSources::Refresh(TimeMs now_ms) {
  bool changed = false;
  for (File& file : files_) changed |= RefreshFile(now_ms, &file);
  for (Provider& provider : providers_) {
    std::shared_ptr<const DiscoveryLoop::Found> found = provider.loop->Read();
    changed |= found->version != provider.found->version;
    provider.found = std::move(found);
  }
  return changed;
}

bool TargetSources::has_answers() const {
  return std::all_of(providers_.begin(), providers_.end(),
                     [](const Provider& provider) { return provider.found->answered; });
}

std::vector<Labels> TargetSources::Targets() const {
  std::vector<Labels> targets;
  for (const TargetGroup& group : configs_.static_configs) {
    for (Labels& labels : LabelsOfGroup(group)) targets.push_back(std::move(labels));
  }
  for (const File& file : files_) {
    for (Labels& labels : file.discovery->Targets()) targets.push_back(std::move(labels));
  }
  for (const Provider& provider : providers_)
    targets.insert(targets.end(), provider.found->targets.begin(), provider.found->targets.end());
  return targets;
}

}  // namespace hearth
