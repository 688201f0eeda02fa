// server/config_watch.h
//
// Notices that the files of a configuration have changed, for --config.auto-reload: the
// configuration itself, rule files and files of scrape configurations, by their content.
//
// Thread safety: one caller.
#ifndef HEARTH_SERVER_CONFIG_WATCH_H_
#define HEARTH_SERVER_CONFIG_WATCH_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "config/config.h"

namespace hearth {

class ConfigWatch {
 public:
  // Takes the files as they are now as known. `environment` must outlive this.
  ConfigWatch(std::string config_file, const LoadEnvironment* environment);

  // True once after each change since the last call. A configuration that cannot be read has not
  // changed: it may be half-way through being replaced. Files that it names and that cannot be read
  // count as empty.
  bool Changed();

 private:
  // A fingerprint of names and contents. A configuration that is no YAML names no files.
  absl::StatusOr<uint64_t> Fingerprint() const;

  const std::string config_file_;
  const LoadEnvironment* const environment_;
  uint64_t known_ = 0;
};

}  // namespace hearth

#endif  // HEARTH_SERVER_CONFIG_WATCH_H_
