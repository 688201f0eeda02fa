#include "scrape/discovery/target_sources.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>

#include "scrape/discovery/target_groups.h"

namespace hearth {
namespace {

constexpr std::string_view kFileTime = "prometheus_sd_file_mtime_seconds";

}  // namespace

TargetSources::TargetSources(const DiscoveryConfigs& configs, DiscoveryOwner owner, TimeMs now_ms,
                             Options options)
    : configs_(configs),
      options_(std::move(options)),
      updates_(options_.registry->AddCounter(
          "prometheus_sd_received_updates_total",
          "Total number of update events received from the SD providers.", {{"name", owner.name}})),
      read_errors_(options_.registry->AddCounter("prometheus_sd_file_read_errors_total",
                                                 "The number of File-SD read errors.")),
      watcher_errors_(options_.registry->AddCounter(
          "prometheus_sd_file_watcher_errors_total",
          "The number of File-SD errors caused by filesystem watch failures.")),
      scan_duration_(
          options_.registry->AddSummary("prometheus_sd_file_scan_duration_seconds",
                                        "The duration of the File-SD scan in seconds.")) {
  if (!configs_.static_configs.empty()) updates_->Increment();
  for (const FileSdConfig& file : configs_.file_sd_configs) {
    files_.push_back({std::make_unique<FileDiscovery>(file, options_.environment),
                      options_.watch_files ? std::make_unique<FileWatcher>(file.files) : nullptr});
  }
  if (options_.providers != nullptr) StartProviders(owner);
  Refresh(now_ms);
}

TargetSources::~TargetSources() {
  for (const File& file : files_) {
    for (const auto& [path, time] : file.times)
      options_.registry->Remove(kFileTime, {{"filename", path}});
  }
}

void TargetSources::StartProviders(const DiscoveryOwner& owner) {
  DiscoveryFactory::Made made = options_.providers->Create(configs_);
  failures_ = std::move(made.failed);
  for (std::unique_ptr<Discovery>& discovery : made.running) {
    DiscoveryLoop::Options loop;
    loop.owner = owner;
    loop.registry = options_.registry;
    loop.warn = options_.warn;
    providers_.push_back({std::make_unique<DiscoveryLoop>(std::move(discovery), std::move(loop)),
                          std::make_shared<DiscoveryLoop::Found>()});
  }
}

void TargetSources::ReadTimes(File* file) {
  std::map<std::string, double> times;
  for (const std::string& path : file->discovery->Paths()) {
    struct stat info {};
    if (stat(path.c_str(), &info) == 0) times[path] = static_cast<double>(info.st_mtim.tv_sec);
  }
  for (const auto& [path, time] : file->times) {
    if (times.count(path) == 0) options_.registry->Remove(kFileTime, {{"filename", path}});
  }
  file->times = std::move(times);
}

void TargetSources::ShowTimes(const File& file) {
  for (const auto& [path, time] : file.times) {
    options_.registry
        ->AddGauge(kFileTime,
                   "Timestamp (mtime) of files read by FileSD. Timestamp is set at read time.",
                   {{"filename", path}})
        ->Set(time);
  }
}

bool TargetSources::RefreshFile(TimeMs now_ms, File* file) {
  // Both are asked: the watcher forgets what it has told.
  const bool changed = file->watcher == nullptr || file->watcher->Changed();
  if (file->watcher != nullptr) watcher_errors_->Increment(file->watcher->TakeErrors());
  const TimeMs interval = file->discovery->config().refresh_interval.ms;
  // A clock that was set back would make it wait for longer.
  if (!changed && now_ms < file->due_ms && now_ms >= file->due_ms - interval) return false;
  file->due_ms = now_ms + interval;
  const auto start = std::chrono::steady_clock::now();
  const bool new_targets = file->discovery->Refresh();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  scan_duration_->Observe(took.count());
  updates_->Increment();
  ReadTimes(file);
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
  for (File& file : files_) {
    changed |= RefreshFile(now_ms, &file);
    ShowTimes(file);
  }
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
