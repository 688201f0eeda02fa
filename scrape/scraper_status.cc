// Scraper's answers to the API.
#include <algorithm>

#include "scrape/scraper.h"

namespace hearth {

std::vector<TargetStatus> Scraper::ActiveTargets() const {
  std::vector<TargetStatus> all;
  {
    MutexLock lock(&mu_);
    for (const auto& [name, pool] : pools_) {
      for (const auto& [identity, loop] : pool->loops)
        all.push_back(loop->Status(*loop->schedule.target));
    }
  }
  for (TargetStatus& status : all)
    status.global_url = GlobalUrl(status.scrape_url, options_.external_host);
  std::stable_sort(all.begin(), all.end(), [](const TargetStatus& a, const TargetStatus& b) {
    if (a.scrape_pool != b.scrape_pool) return a.scrape_pool < b.scrape_pool;
    return a.labels < b.labels;
  });
  return all;
}

std::vector<DroppedTarget> Scraper::DroppedTargets() const {
  std::vector<DroppedTarget> all;
  MutexLock lock(&mu_);
  for (const auto& [name, pool] : pools_) {
    all.insert(all.end(), pool->found.dropped.begin(), pool->found.dropped.end());
  }
  return all;
}

std::map<std::string, int64_t> Scraper::DroppedTargetCounts() const {
  std::map<std::string, int64_t> counts;
  MutexLock lock(&mu_);
  for (const auto& [name, pool] : pools_) counts[name] = pool->found.dropped_count;
  return counts;
}

std::vector<std::string> Scraper::ScrapePools() const {
  std::vector<std::string> names;
  MutexLock lock(&mu_);
  for (const auto& [name, pool] : pools_) names.push_back(name);
  return names;
}

std::shared_ptr<const ScrapeConfig> Scraper::PoolConfig(std::string_view pool) const {
  MutexLock lock(&mu_);
  const auto it = pools_.find(pool);
  if (it == pools_.end()) return nullptr;
  const std::shared_ptr<const PoolSettings>& settings = it->second->settings;
  return {settings, &settings->config};
}

std::vector<TargetMetadata> Scraper::TargetsMetadata(std::string_view metric) const {
  std::vector<LoopPtr> loops;
  {
    MutexLock lock(&mu_);
    for (const auto& [name, pool] : pools_) {
      for (const auto& [identity, loop] : pool->loops) loops.push_back(loop);
    }
  }
  std::vector<TargetMetadata> all;
  for (const LoopPtr& loop : loops) {
    for (auto& [name, metadata] : loop->metadata().Read(metric)) {
      all.push_back({loop->labels(), name, std::move(metadata)});
    }
  }
  return all;
}

}  // namespace hearth
