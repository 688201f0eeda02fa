// config/idle_discovery_checks.h
//
// What must hold inside one item of the `*_sd_configs` sections without a provider, in Prometheus'
// words. Called by FieldReader like those of checks.h. Internal to config/.
#ifndef HEARTH_CONFIG_IDLE_DISCOVERY_CHECKS_H_
#define HEARTH_CONFIG_IDLE_DISCOVERY_CHECKS_H_

#include "absl/status/status.h"
#include "config/config.h"

namespace hearth {

absl::Status Check(AwsFilter& filter);
absl::Status Check(AwsSdConfig& config);
absl::Status Check(Ec2SdConfig& config);
absl::Status Check(LightsailSdConfig& config);
absl::Status Check(AwsClusterSdConfig& config);
absl::Status Check(AzureSdConfig& config);
absl::Status Check(DigitaloceanSdConfig& config);
absl::Status Check(EurekaSdConfig& config);
absl::Status Check(GceSdConfig& config);
absl::Status Check(HetznerSdConfig& config);
absl::Status Check(IonosSdConfig& config);
absl::Status Check(KumaSdConfig& config);
absl::Status Check(LinodeSdConfig& config);
absl::Status Check(MarathonSdConfig& config);
absl::Status Check(NomadSdConfig& config);
absl::Status Check(OciSdConfig& config);
absl::Status Check(OpenstackSdConfig& config);
absl::Status Check(OutscaleSdConfig& config);
absl::Status Check(OvhcloudSdConfig& config);
absl::Status Check(PuppetdbSdConfig& config);
absl::Status Check(ScalewaySdConfig& config);
absl::Status Check(StackitSdConfig& config);
absl::Status Check(TritonSdConfig& config);
absl::Status Check(UyuniSdConfig& config);
absl::Status Check(VultrSdConfig& config);
absl::Status Check(ZookeeperSdConfig& config);

}  // namespace hearth

#endif  // HEARTH_CONFIG_IDLE_DISCOVERY_CHECKS_H_
