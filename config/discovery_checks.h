// config/discovery_checks.h
//
// What must hold inside one item of the `*_sd_configs` sections that have a provider, in
// Prometheus' words. Called by FieldReader like those of checks.h. Internal to config/.
#ifndef HEARTH_CONFIG_DISCOVERY_CHECKS_H_
#define HEARTH_CONFIG_DISCOVERY_CHECKS_H_

#include "absl/status/status.h"
#include "config/config.h"

namespace hearth {

absl::Status Check(TargetGroup& group);
absl::Status Check(FileSdConfig& config);
// Moves username and password into http.basic_auth.
absl::Status Check(ConsulSdConfig& config);
absl::Status Check(DnsSdConfig& config);
absl::Status Check(DockerSdConfig& config);
absl::Status Check(DockerSwarmSdConfig& config);
absl::Status Check(HttpSdConfig& config);
absl::Status Check(KubernetesSdConfig& config);

}  // namespace hearth

#endif  // HEARTH_CONFIG_DISCOVERY_CHECKS_H_
