#include "scrape/discovery/file_discovery.h"

#include "model/status.h"
#include "model/text.h"
#include "scrape/discovery/target_groups.h"

namespace hearth {

bool FileDiscovery::Refresh() {
  errors_.clear();
  std::map<std::string, std::vector<Labels>> found;
  for (const std::string& pattern : config_.files) {
    for (const std::string& path : environment_->glob(pattern)) {
      const auto read = [&]() -> absl::StatusOr<std::vector<TargetGroup>> {
        HEARTH_ASSIGN_OR_RETURN(const std::string text, environment_->read_file(path));
        return ParseTargetGroups(text);
      };
      const auto groups = read();
      if (!groups.ok()) {
        errors_.push_back(
            StrCat("reading target file ", path, ": ", FromAbsl(groups.status().message())));
        if (const auto old = by_file_.find(path); old != by_file_.end()) found[path] = old->second;
        continue;
      }
      std::vector<Labels>& targets = found[path];
      targets.clear();
      for (const TargetGroup& group : *groups) {
        for (const Labels& labels : LabelsOfGroup(group)) {
          targets.push_back(LabelsBuilder(labels).Set("__meta_filepath", path).Build());
        }
      }
    }
  }
  if (found == by_file_) return false;
  by_file_ = std::move(found);
  return true;
}

std::set<std::string> FileDiscovery::Paths() const {
  std::set<std::string> paths;
  for (const auto& [path, targets] : by_file_) paths.insert(path);
  return paths;
}

std::vector<Labels> FileDiscovery::Targets() const {
  std::vector<Labels> all;
  for (const auto& [path, targets] : by_file_)
    all.insert(all.end(), targets.begin(), targets.end());
  return all;
}

}  // namespace hearth
