// blackbox/exporters.h
//
// Real exporters of Debian, started on loopback for a test: node, redis (with a redis server),
// postgres (with a database), blackbox, and a Prometheus. Each is optional: Missing() names the
// packages that are not installed.
//
// Thread safety: none; one test owns it.
#ifndef HEARTH_BLACKBOX_EXPORTERS_H_
#define HEARTH_BLACKBOX_EXPORTERS_H_

#include <memory>
#include <string>
#include <vector>

#include "blackbox/process.h"
#include "blackbox/server_process.h"
#include "blackbox/temp_dir.h"

namespace hearth::blackbox {

class Exporters {
 public:
  // Packages that are not installed, separated by spaces; empty when everything is there.
  static std::string Missing();

  // Starts them all and waits until each serves /metrics. False, with a reason in error(), when one
  // does not come up.
  bool Start(const TempDir& directory);
  const std::string& error() const { return error_; }

  struct Target {
    std::string job;
    uint16_t port;
    std::string metrics_path = "/metrics";
    std::string params;  // YAML of scrape_configs' `params`, or "".
  };
  const std::vector<Target>& targets() const { return targets_; }

  // `scrape_configs:` for all of them plus `extra` targets.
  std::string ScrapeConfigs(const std::vector<Target>& extra = {}) const;

 private:
  bool StartRedis(const TempDir& directory);
  bool StartPostgres(const TempDir& directory);
  Process& Launch(const std::string& name, const std::vector<std::string>& argv,
                  const TempDir& directory, const std::vector<std::string>& environment = {});

  std::vector<std::unique_ptr<Process>> processes_;
  std::vector<Target> targets_;
  std::string error_;
};

// A Debian Prometheus on a free port with its data below `directory`.
std::unique_ptr<ServerProcess> StartPrometheus(const TempDir& directory, const std::string& name,
                                               std::string_view config,
                                               const std::vector<std::string>& flags = {});

}  // namespace hearth::blackbox

#endif  // HEARTH_BLACKBOX_EXPORTERS_H_
