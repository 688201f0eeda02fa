#include "scrape/metadata_cache.h"

#include <algorithm>

namespace hearth {

bool MetadataCache::Update(ExpositionParser::Entry entry, const ExpositionParser& parser) {
  MutexLock lock(&mu_);
  auto it = families_.find(parser.family());
  const bool fresh = it == families_.end();
  if (fresh) {
    if (families_.size() >= kFamiliesMax) return false;
    it = families_.try_emplace(std::string(parser.family())).first;
  }
  it->second.body = body_;
  Metadata& metadata = it->second.metadata;
  switch (entry) {
    case ExpositionParser::Entry::kType: {
      const bool changed = fresh || metadata.type != parser.type();
      metadata.type = parser.type();
      return changed;
    }
    case ExpositionParser::Entry::kHelp: {
      if (!fresh && metadata.help == parser.text()) return false;  // Most texts have no escapes.
      std::string help = parser.Help();
      const bool changed = fresh || metadata.help != help;
      metadata.help = std::move(help);
      return changed;
    }
    case ExpositionParser::Entry::kUnit: {
      const bool changed = fresh || metadata.unit != parser.text();
      if (changed) metadata.unit = parser.text();
      return changed;
    }
    default:
      return false;
  }
}

void MetadataCache::BodyDone() {
  MutexLock lock(&mu_);
  ++body_;
  if (body_ % kKeepBodies != 0) return;
  absl::erase_if(families_, [this](const auto& family) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return family.second.body + kKeepBodies < body_;
  });
}

std::vector<std::pair<std::string, Metadata>> MetadataCache::Read(std::string_view family) const {
  std::vector<std::pair<std::string, Metadata>> result;
  MutexLock lock(&mu_);
  if (!family.empty()) {
    if (const auto it = families_.find(family); it != families_.end()) {
      result.emplace_back(it->first, it->second.metadata);
    }
    return result;
  }
  for (const auto& [name, known] : families_) result.emplace_back(name, known.metadata);
  std::sort(result.begin(), result.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return result;
}

}  // namespace hearth
