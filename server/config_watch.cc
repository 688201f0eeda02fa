#include "server/config_watch.h"

#include <utility>
#include <vector>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "model/status.h"
#include "model/text.h"

namespace hearth {
namespace {

// Lengths go in too, so that what moves from one file to the next is seen.
void AppendPart(std::string_view part, std::string* all) { StrAppend(all, part.size(), ":", part); }

}  // namespace

ConfigWatch::ConfigWatch(std::string config_file, const LoadEnvironment* environment)
    : config_file_(std::move(config_file)), environment_(environment) {
  known_ = Fingerprint().value_or(0);
}

absl::StatusOr<uint64_t> ConfigWatch::Fingerprint() const {
  HEARTH_ASSIGN_OR_RETURN(const std::string text, environment_->read_file(config_file_));
  std::string all;
  AppendPart(text, &all);
  for (const std::string& pattern : IncludedFiles(text, config_file_)) {
    for (const std::string& path : environment_->glob(pattern)) {
      AppendPart(path, &all);
      AppendPart(environment_->read_file(path).value_or(""), &all);
    }
  }
  return XXH3_64bits(all.data(), all.size());
}

bool ConfigWatch::Changed() {
  const absl::StatusOr<uint64_t> now = Fingerprint();
  if (!now.ok() || *now == known_) return false;
  known_ = *now;
  return true;
}

}  // namespace hearth
