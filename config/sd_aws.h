// config/sd_aws.h
//
// The sections of service discovery in AWS. No provider asks AWS in this build: the keys are read,
// checked and shown. Plain data.
#ifndef HEARTH_CONFIG_SD_AWS_H_
#define HEARTH_CONFIG_SD_AWS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/http_client_config.h"
#include "config/units.h"

namespace hearth {

// What is listed has one of `values` under `name`.
struct AwsFilter {
  static constexpr std::string_view kYamlType = "aws.plain";

  std::string name;
  std::vector<std::string> values;
  friend bool operator==(const AwsFilter&, const AwsFilter&) = default;
};

// Where and as whom the API is asked; the same keys in every AWS section.
struct AwsAccess {
  static constexpr std::string_view kYamlType = "aws.plain";

  std::string region;
  std::string endpoint;
  std::string access_key;
  Secret secret_key;
  std::string profile;
  std::string role_arn;
  std::string external_id;
  Duration refresh_interval{60'000};
  int64_t port = 80;
  HttpClientConfig http;
  friend bool operator==(const AwsAccess&, const AwsAccess&) = default;
};

// aws_sd_configs: any of the roles below.
struct AwsSdConfig {
  static constexpr std::string_view kYamlType = "aws.plain";

  AwsAccess access;
  std::string role;
  std::vector<AwsFilter> filters;
  std::vector<std::string> clusters;
  int64_t request_concurrency = 20;
  friend bool operator==(const AwsSdConfig&, const AwsSdConfig&) = default;
};

// ec2_sd_configs.
struct Ec2SdConfig {
  static constexpr std::string_view kYamlType = "aws.plain";

  AwsAccess access;
  std::vector<AwsFilter> filters;
  friend bool operator==(const Ec2SdConfig&, const Ec2SdConfig&) = default;
};

// lightsail_sd_configs.
struct LightsailSdConfig {
  static constexpr std::string_view kYamlType = "aws.plain";

  AwsAccess access;
  friend bool operator==(const LightsailSdConfig&, const LightsailSdConfig&) = default;
};

// ecs_sd_configs, elasticache_sd_configs, msk_sd_configs and rds_sd_configs.
struct AwsClusterSdConfig {
  static constexpr std::string_view kYamlType = "aws.plain";

  AwsAccess access;
  std::vector<std::string> clusters;
  int64_t request_concurrency = 20;
  friend bool operator==(const AwsClusterSdConfig&, const AwsClusterSdConfig&) = default;
};

}  // namespace hearth

#endif  // HEARTH_CONFIG_SD_AWS_H_
