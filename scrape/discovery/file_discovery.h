// scrape/discovery/file_discovery.h
//
// Targets from files (file_sd_configs): JSON or YAML lists of {targets, labels}. A file that cannot
// be read or parsed keeps the targets it had.
//
// Thread safety: one thread at a time.
#ifndef HEARTH_SCRAPE_DISCOVERY_FILE_DISCOVERY_H_
#define HEARTH_SCRAPE_DISCOVERY_FILE_DISCOVERY_H_

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "config/config.h"
#include "model/labels.h"

namespace hearth {

class FileDiscovery {
 public:
  // `environment` gives files and globs; it must outlive this.
  FileDiscovery(FileSdConfig config, const LoadEnvironment* environment)
      : config_(std::move(config)), environment_(environment) {}

  const FileSdConfig& config() const { return config_; }

  // Reads all files. True when the targets have changed.
  bool Refresh();
  // As of the last Refresh, each with `__meta_filepath`.
  std::vector<Labels> Targets() const;
  // The files that were there in the last Refresh and could be read once.
  std::set<std::string> Paths() const;
  // What was wrong in the last Refresh, one sentence a file.
  const std::vector<std::string>& errors() const { return errors_; }

 private:
  const FileSdConfig config_;
  const LoadEnvironment* const environment_;
  std::map<std::string, std::vector<Labels>> by_file_;
  std::vector<std::string> errors_;
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_DISCOVERY_FILE_DISCOVERY_H_
