// config/config.h
//
// prometheus.yml as plain structs. Load reads, checks and fills in defaults; ToYaml prints what is
// in force. Which keys exist and how they are spelled stands in config/fields.h alone, for both
// directions.
//
// Thread safety: values; Load and ToYaml are pure but for what LoadEnvironment does.
#ifndef HEARTH_CONFIG_CONFIG_H_
#define HEARTH_CONFIG_CONFIG_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "config/http_client_config.h"
#include "config/relabel.h"
#include "config/remote_auth_config.h"
#include "config/sd_aws.h"
#include "config/sd_clouds.h"
#include "config/sd_consul.h"
#include "config/sd_dns.h"
#include "config/sd_docker.h"
#include "config/sd_http.h"
#include "config/sd_kubernetes.h"
#include "config/sd_registries.h"
#include "config/units.h"
#include "config/yaml.h"

namespace hearth {

// What `global` gives and a scrape configuration may override. 0 = no limit.
struct ScrapeLimits {
  ByteSize body_size_limit;
  uint64_t sample_limit = 0;
  uint64_t target_limit = 0;
  uint64_t label_limit = 0;
  uint64_t label_name_length_limit = 0;
  uint64_t label_value_length_limit = 0;
  uint64_t keep_dropped_targets = 0;
  friend bool operator==(const ScrapeLimits&, const ScrapeLimits&) = default;
};

// Settings that name formats and name validation. Accepted and shown; empty or unset = the default.
struct ScrapeFormats {
  std::vector<std::string> scrape_protocols;
  std::string metric_name_validation_scheme;
  std::string metric_name_escaping_scheme;
  std::optional<bool> scrape_native_histograms;
  std::optional<bool> convert_classic_histograms_to_nhcb;
  std::optional<bool> always_scrape_classic_histograms;
  std::optional<bool> extra_scrape_metrics;
  friend bool operator==(const ScrapeFormats&, const ScrapeFormats&) = default;
};

struct GlobalConfig {
  Duration scrape_interval;  // Defaults: 1m, 10s, 1m.
  Duration scrape_timeout;
  Duration evaluation_interval;
  Duration rule_query_offset;
  StringMapConfig external_labels;
  std::string query_log_file;
  std::string scrape_failure_log_file;
  ScrapeLimits limits;
  ScrapeFormats formats;
};

// Targets with labels that they share.
struct TargetGroup {
  std::vector<std::string> targets;  // `host:port`.
  StringMapConfig labels;
  friend bool operator==(const TargetGroup&, const TargetGroup&) = default;
};

struct FileSdConfig {
  std::vector<std::string> files;  // Paths; the last part may hold `*`.
  Duration refresh_interval{300'000};
  friend bool operator==(const FileSdConfig&, const FileSdConfig&) = default;
};

// The targets of a scrape configuration or an Alertmanager: one list for each kind of discovery.
struct DiscoveryConfigs {
  std::vector<TargetGroup> static_configs;
  std::vector<FileSdConfig> file_sd_configs;
  std::vector<ConsulSdConfig> consul_sd_configs;
  std::vector<DnsSdConfig> dns_sd_configs;
  std::vector<DockerSdConfig> docker_sd_configs;
  std::vector<DockerSwarmSdConfig> dockerswarm_sd_configs;
  std::vector<HttpSdConfig> http_sd_configs;
  std::vector<KubernetesSdConfig> kubernetes_sd_configs;

  // Without a provider: read, checked and shown.
  std::vector<AwsSdConfig> aws_sd_configs;
  std::vector<AzureSdConfig> azure_sd_configs;
  std::vector<DigitaloceanSdConfig> digitalocean_sd_configs;
  std::vector<Ec2SdConfig> ec2_sd_configs;
  std::vector<AwsClusterSdConfig> ecs_sd_configs;
  std::vector<AwsClusterSdConfig> elasticache_sd_configs;
  std::vector<EurekaSdConfig> eureka_sd_configs;
  std::vector<GceSdConfig> gce_sd_configs;
  std::vector<HetznerSdConfig> hetzner_sd_configs;
  std::vector<IonosSdConfig> ionos_sd_configs;
  std::vector<KumaSdConfig> kuma_sd_configs;
  std::vector<LightsailSdConfig> lightsail_sd_configs;
  std::vector<LinodeSdConfig> linode_sd_configs;
  std::vector<MarathonSdConfig> marathon_sd_configs;
  std::vector<AwsClusterSdConfig> msk_sd_configs;
  std::vector<ZookeeperSdConfig> nerve_sd_configs;
  std::vector<NomadSdConfig> nomad_sd_configs;
  std::vector<OciSdConfig> oci_sd_configs;
  std::vector<OpenstackSdConfig> openstack_sd_configs;
  std::vector<OutscaleSdConfig> outscale_sd_configs;
  std::vector<OvhcloudSdConfig> ovhcloud_sd_configs;
  std::vector<PuppetdbSdConfig> puppetdb_sd_configs;
  std::vector<AwsClusterSdConfig> rds_sd_configs;
  std::vector<ScalewaySdConfig> scaleway_sd_configs;
  std::vector<ZookeeperSdConfig> serverset_sd_configs;
  std::vector<StackitSdConfig> stackit_sd_configs;
  std::vector<TritonSdConfig> triton_sd_configs;
  std::vector<UyuniSdConfig> uyuni_sd_configs;
  std::vector<VultrSdConfig> vultr_sd_configs;
  friend bool operator==(const DiscoveryConfigs&, const DiscoveryConfigs&) = default;
};

struct ScrapeConfig {
  std::string job_name;
  bool honor_labels = false;
  bool honor_timestamps = true;
  bool track_timestamps_staleness = false;
  std::map<std::string, std::vector<std::string>> params;
  Duration scrape_interval;  // Never 0 after Load.
  Duration scrape_timeout;   // Likewise; at most the interval.
  ScrapeFormats formats;
  std::string fallback_scrape_protocol;
  uint64_t native_histogram_bucket_limit = 0;
  double native_histogram_min_bucket_factor = 0;
  std::string metrics_path = "/metrics";
  std::string scheme = "http";
  bool enable_compression = true;
  std::string scrape_failure_log_file;
  ScrapeLimits limits;
  HttpClientConfig http;
  DiscoveryConfigs discovery;
  std::vector<RelabelConfig> relabel_configs;
  std::vector<RelabelConfig> metric_relabel_configs;
  friend bool operator==(const ScrapeConfig&, const ScrapeConfig&) = default;
};

struct AlertmanagerConfig {
  HttpClientConfig http;
  DiscoveryConfigs discovery;
  std::string scheme = "http";
  std::string path_prefix;
  Duration timeout{10'000};
  std::string api_version = "v2";
  std::optional<Sigv4Config> sigv4;
  std::vector<RelabelConfig> relabel_configs;
  std::vector<RelabelConfig> alert_relabel_configs;
  friend bool operator==(const AlertmanagerConfig&, const AlertmanagerConfig&) = default;
};

struct AlertingConfig {
  std::vector<RelabelConfig> alert_relabel_configs;
  std::vector<AlertmanagerConfig> alertmanagers;
};

struct QueueConfig {
  int64_t capacity = 10000;
  int64_t max_shards = 50;
  int64_t min_shards = 1;
  int64_t max_samples_per_send = 2000;
  Duration batch_send_deadline{5'000};
  Duration min_backoff{30};
  Duration max_backoff{5'000};
  bool retry_on_http_429 = false;
  Duration sample_age_limit;
};

struct MetadataSendConfig {
  bool send = true;
  Duration send_interval{60'000};
  int64_t max_samples_per_send = 2000;
};

struct RemoteWriteConfig {
  std::string url;
  std::string protobuf_message = "prometheus.WriteRequest";
  Duration remote_timeout{30'000};
  StringMapConfig headers;
  std::vector<RelabelConfig> write_relabel_configs;
  std::string name;
  bool send_exemplars = false;
  bool send_native_histograms = false;
  bool round_robin_dns = false;
  std::optional<YamlNode> failed_request_logging;  // Undocumented: kept and shown as written.
  std::optional<Sigv4Config> sigv4;
  std::optional<AzureAdConfig> azuread;
  std::optional<GoogleIamConfig> google_iam;
  HttpClientConfig http{.enable_http2 = false};
  QueueConfig queue_config;
  MetadataSendConfig metadata_config;
};

struct RemoteReadConfig {
  std::string url;
  Duration remote_timeout{60'000};
  uint64_t chunked_read_limit = 0;
  StringMapConfig headers;
  bool read_recent = false;
  std::string name;
  HttpClientConfig http;
  StringMapConfig required_matchers;
  bool filter_external_labels = true;
};

struct RetentionConfig {
  Duration time;
  ByteSize size;
  double percentage = 0;
};

struct ChunkEncodingConfig {
  std::optional<std::string> floats;
};

struct TsdbConfig {
  std::optional<Duration>
      out_of_order_time_window;  // An explicit 0 differs from the default (docs/configuration.md).
  double stale_series_compaction_threshold = 0;
  std::optional<ChunkEncodingConfig> chunk_encoding;
  std::optional<RetentionConfig> retention;
};

struct ExemplarsConfig {
  int64_t max_exemplars = 100000;
};

struct StorageConfig {
  std::optional<TsdbConfig> tsdb;
  std::optional<ExemplarsConfig> exemplars;
};

struct RuntimeConfig {
  int64_t gogc = 75;
};

struct OtlpConfig {
  bool promote_all_resource_attributes = false;
  std::vector<std::string> promote_resource_attributes;
  std::vector<std::string> ignore_resource_attributes;
  std::string translation_strategy = "UnderscoreEscapingWithSuffixes";
  bool keep_identifying_resource_attributes = false;
  bool convert_histograms_to_nhcb = false;
  bool promote_scope_metadata = false;
  bool label_name_underscore_sanitization = true;
  bool label_name_preserve_multiple_underscores = true;
};

struct TracingConfig {
  std::string client_type = "grpc";
  std::string endpoint;
  double sampling_fraction = 0;
  bool insecure = false;
  std::optional<TlsConfig> tls_config;
  StringMapConfig headers;
  std::string compression;
  Duration timeout{10'000};
};

struct Config {
  GlobalConfig global;
  RuntimeConfig runtime;
  AlertingConfig alerting;
  std::vector<std::string> rule_files;           // Resolved against the file's folder.
  std::vector<std::string> scrape_config_files;  // Likewise.
  std::vector<ScrapeConfig> scrape_configs;      // Those of scrape_config_files come last.
  StorageConfig storage;
  std::optional<TracingConfig> tracing;
  std::vector<RemoteWriteConfig> remote_write;
  std::vector<RemoteReadConfig> remote_read;
  std::optional<OtlpConfig> otlp;

  // One sentence for each thing that was accepted but does nothing in this build, for the log.
  std::vector<std::string> warnings;
  size_t included_scrape_configs =
      0;  // How many of scrape_configs came from other files: ToYaml leaves them out.
};

// What loading asks of the world, so that tests decide.
struct LoadEnvironment {
  std::function<std::string(const std::string& name)> variable;  // "" when unset.
  std::function<absl::StatusOr<std::string>(const std::string& path)> read_file;
  std::function<std::vector<std::string>(const std::string& pattern)> glob;  // Sorted matches.
  // global.scrape_protocols begin with protobuf unless they are given: a feature flag wants it.
  bool protobuf_first = false;
};
// The process' environment and file system.
const LoadEnvironment& SystemEnvironment();

// Reads the text of a configuration file. `filename` is for messages and for resolving relative
// paths. Errors are kInvalidArgument, one line, in Prometheus' words: `parsing YAML file p.yml:
// line 7: field foo not found in type config.plain`.
absl::StatusOr<Config> Load(std::string_view text, std::string_view filename,
                            const LoadEnvironment& environment = SystemEnvironment());

// That `config` has what an agent needs and nothing that an agent does not do. kInvalidArgument in
// Prometheus' words.
absl::Status CheckAgentMode(const Config& config);

// The patterns of other files that a configuration's text names, resolved: rule_files and
// scrape_config_files. None for what is no configuration.
std::vector<std::string> IncludedFiles(std::string_view text, std::string_view filename);

// The configuration in force, as /api/v1/status/config shows it: defaults filled in, secrets as
// `<secret>`.
std::string ToYaml(const Config& config);
// One scrape configuration, likewise.
std::string ToYaml(const ScrapeConfig& config);

}  // namespace hearth

#endif  // HEARTH_CONFIG_CONFIG_H_
