// config/fields.h
//
// The keys of prometheus.yml: for each struct of config.h one Fields function that names its keys,
// read by FieldReader, FieldWriter and PathResolver. A key is added here and nowhere else. Sections
// below `*_sd_configs` are in discovery_fields.h. Internal to config/.
//
// A visitor has operator()(key, field, show) for a value, Path(…) for a file name that is relative
// to the configuration's folder, List(key, field, message) for a list without empty items,
// Discovery(key, field) for a list of discovery sections, Inline(section) for keys that stand here.
#ifndef HEARTH_CONFIG_FIELDS_H_
#define HEARTH_CONFIG_FIELDS_H_

#include <string_view>

#include "config/config.h"
#include "config/discovery_fields.h"
#include "config/idle_discovery_fields.h"
#include "config/show.h"

namespace hearth {

// How Prometheus names the Go type of a section in `field x not found in type config.plain`.
template <typename T>
constexpr std::string_view YamlTypeName(const T&) {
  if constexpr (requires { T::kYamlType; }) return T::kYamlType;
  return "config.plain";
}
constexpr std::string_view YamlTypeName(const RelabelConfig&) { return "relabel.plain"; }
constexpr std::string_view YamlTypeName(const TargetGroup&) { return "targetgroup.plain"; }
constexpr std::string_view YamlTypeName(const FileSdConfig&) { return "file.plain"; }

template <typename V>
void Fields(V& v, RelabelConfig& c) {
  v("source_labels", &c.source_labels);
  v("separator", &c.separator, Show::kAlways);
  v("regex", &c.regex, Show::kAlways);
  v("modulus", &c.modulus);
  v("target_label", &c.target_label);
  v("replacement", &c.replacement, Show::kAlways);
  v("action", &c.action, Show::kAlways);
}

template <typename V>
void Fields(V& v, BasicAuthConfig& c) {
  v("username", &c.username);
  v.Path("username_file", &c.username_file);
  v("password", &c.password);
  v.Path("password_file", &c.password_file);
}

template <typename V>
void Fields(V& v, AuthorizationConfig& c) {
  v("type", &c.type);
  v("credentials", &c.credentials);
  v.Path("credentials_file", &c.credentials_file);
}

template <typename V>
void Fields(V& v, TlsConfig& c) {
  v("ca", &c.ca);
  v("cert", &c.cert);
  v("key", &c.key);
  v.Path("ca_file", &c.ca_file);
  v.Path("cert_file", &c.cert_file);
  v.Path("key_file", &c.key_file);
  v("server_name", &c.server_name);
  v("insecure_skip_verify", &c.insecure_skip_verify, Show::kAlways);
  v("min_version", &c.min_version);
  v("max_version", &c.max_version);
}

template <typename V>
void Fields(V& v, ProxyConfig& c) {
  v("proxy_url", &c.proxy_url);
  v("no_proxy", &c.no_proxy);
  v("proxy_from_environment", &c.proxy_from_environment);
  v("proxy_connect_header", &c.proxy_connect_header);
}

template <typename V>
void Fields(V& v, OAuth2Config& c) {
  v("client_id", &c.client_id);
  v("client_secret", &c.client_secret);
  v.Path("client_secret_file", &c.client_secret_file);
  v("client_certificate_key_id", &c.client_certificate_key_id);
  v("client_certificate_key", &c.client_certificate_key);
  v.Path("client_certificate_key_file", &c.client_certificate_key_file);
  v("grant_type", &c.grant_type);
  v("signature_algorithm", &c.signature_algorithm);
  v("iss", &c.iss);
  v("audience", &c.audience);
  v("claims", &c.claims);
  v("scopes", &c.scopes);
  v("token_url", &c.token_url);
  v("endpoint_params", &c.endpoint_params);
  v("tls_config", &c.tls_config);
  v.Inline(&c.proxy);
}

template <typename V>
void Fields(V& v, HttpHeaderConfig& c) {
  v("values", &c.values);
  v("secrets", &c.secrets);
  v.Path("files", &c.files);
}

template <typename V>
void Fields(V& v, HttpClientConfig& c) {
  v("basic_auth", &c.basic_auth);
  v("authorization", &c.authorization);
  v("oauth2", &c.oauth2);
  v("bearer_token", &c.bearer_token);
  v.Path("bearer_token_file", &c.bearer_token_file);
  v("tls_config", &c.tls_config);
  v("follow_redirects", &c.follow_redirects, Show::kAlways);
  v("enable_http2", &c.enable_http2, Show::kAlways);
  v.Inline(&c.proxy);
  v("http_headers", &c.http_headers);
}

template <typename V>
void Fields(V& v, ScrapeLimits& c) {
  v("body_size_limit", &c.body_size_limit);
  v("sample_limit", &c.sample_limit);
  v("target_limit", &c.target_limit);
  v("label_limit", &c.label_limit);
  v("label_name_length_limit", &c.label_name_length_limit);
  v("label_value_length_limit", &c.label_value_length_limit);
  v("keep_dropped_targets", &c.keep_dropped_targets);
}

template <typename V>
void Fields(V& v, ScrapeFormats& c) {
  v("scrape_protocols", &c.scrape_protocols);
  v("scrape_native_histograms", &c.scrape_native_histograms);
  v("always_scrape_classic_histograms", &c.always_scrape_classic_histograms);
  v("convert_classic_histograms_to_nhcb", &c.convert_classic_histograms_to_nhcb);
  v("extra_scrape_metrics", &c.extra_scrape_metrics);
  v("metric_name_validation_scheme", &c.metric_name_validation_scheme);
  v("metric_name_escaping_scheme", &c.metric_name_escaping_scheme);
}

template <typename V>
void Fields(V& v, GlobalConfig& c) {
  v("scrape_interval", &c.scrape_interval);
  v("scrape_timeout", &c.scrape_timeout);
  v("evaluation_interval", &c.evaluation_interval);
  v("rule_query_offset", &c.rule_query_offset);
  v.Path("query_log_file", &c.query_log_file);
  v.Path("scrape_failure_log_file", &c.scrape_failure_log_file);
  v("external_labels", &c.external_labels);
  v.Inline(&c.limits);
  v.Inline(&c.formats);
}

template <typename V>
void Fields(V& v, RuntimeConfig& c) {
  v("gogc", &c.gogc);
}

template <typename V>
void Fields(V& v, DiscoveryConfigs& c) {
  v.Discovery("aws_sd_configs", &c.aws_sd_configs);
  v.Discovery("azure_sd_configs", &c.azure_sd_configs);
  v.Discovery("consul_sd_configs", &c.consul_sd_configs);
  v.Discovery("digitalocean_sd_configs", &c.digitalocean_sd_configs);
  v.Discovery("dns_sd_configs", &c.dns_sd_configs);
  v.Discovery("docker_sd_configs", &c.docker_sd_configs);
  v.Discovery("dockerswarm_sd_configs", &c.dockerswarm_sd_configs);
  v.Discovery("ec2_sd_configs", &c.ec2_sd_configs);
  v.Discovery("ecs_sd_configs", &c.ecs_sd_configs);
  v.Discovery("elasticache_sd_configs", &c.elasticache_sd_configs);
  v.Discovery("eureka_sd_configs", &c.eureka_sd_configs);
  v.Discovery("file_sd_configs", &c.file_sd_configs);
  v.Discovery("gce_sd_configs", &c.gce_sd_configs);
  v.Discovery("hetzner_sd_configs", &c.hetzner_sd_configs);
  v.Discovery("http_sd_configs", &c.http_sd_configs);
  v.Discovery("ionos_sd_configs", &c.ionos_sd_configs);
  v.Discovery("kubernetes_sd_configs", &c.kubernetes_sd_configs);
  v.Discovery("kuma_sd_configs", &c.kuma_sd_configs);
  v.Discovery("lightsail_sd_configs", &c.lightsail_sd_configs);
  v.Discovery("linode_sd_configs", &c.linode_sd_configs);
  v.Discovery("marathon_sd_configs", &c.marathon_sd_configs);
  v.Discovery("msk_sd_configs", &c.msk_sd_configs);
  v.Discovery("nerve_sd_configs", &c.nerve_sd_configs);
  v.Discovery("nomad_sd_configs", &c.nomad_sd_configs);
  v.Discovery("oci_sd_configs", &c.oci_sd_configs);
  v.Discovery("openstack_sd_configs", &c.openstack_sd_configs);
  v.Discovery("outscale_sd_configs", &c.outscale_sd_configs);
  v.Discovery("ovhcloud_sd_configs", &c.ovhcloud_sd_configs);
  v.Discovery("puppetdb_sd_configs", &c.puppetdb_sd_configs);
  v.Discovery("rds_sd_configs", &c.rds_sd_configs);
  v.Discovery("scaleway_sd_configs", &c.scaleway_sd_configs);
  v.Discovery("serverset_sd_configs", &c.serverset_sd_configs);
  v.Discovery("stackit_sd_configs", &c.stackit_sd_configs);
  v.Discovery("static_configs", &c.static_configs);
  v.Discovery("triton_sd_configs", &c.triton_sd_configs);
  v.Discovery("uyuni_sd_configs", &c.uyuni_sd_configs);
  v.Discovery("vultr_sd_configs", &c.vultr_sd_configs);
}

template <typename V>
void Fields(V& v, ScrapeConfig& c) {
  v("job_name", &c.job_name, Show::kAlways);
  v("honor_labels", &c.honor_labels);
  v("honor_timestamps", &c.honor_timestamps, Show::kAlways);
  v("track_timestamps_staleness", &c.track_timestamps_staleness, Show::kAlways);
  v("params", &c.params);
  v("scrape_interval", &c.scrape_interval);
  v("scrape_timeout", &c.scrape_timeout);
  v.Inline(&c.formats);
  v("fallback_scrape_protocol", &c.fallback_scrape_protocol);
  v("native_histogram_bucket_limit", &c.native_histogram_bucket_limit);
  v("native_histogram_min_bucket_factor", &c.native_histogram_min_bucket_factor);
  v("metrics_path", &c.metrics_path);
  v("scheme", &c.scheme);
  v("enable_compression", &c.enable_compression, Show::kAlways);
  v.Path("scrape_failure_log_file", &c.scrape_failure_log_file);
  v.Inline(&c.limits);
  v.Inline(&c.http);
  v.List("relabel_configs", &c.relabel_configs,
         "empty or null target relabeling rule in scrape config");
  v.List("metric_relabel_configs", &c.metric_relabel_configs,
         "empty or null metric relabeling rule in scrape config");
  v.Inline(&c.discovery);
}

template <typename V>
void Fields(V& v, Sigv4Config& c) {
  v("region", &c.region);
  v("access_key", &c.access_key);
  v("secret_key", &c.secret_key);
  v("profile", &c.profile);
  v("role_arn", &c.role_arn);
  v("external_id", &c.external_id);
  v("use_fips_sts_endpoint", &c.use_fips_sts_endpoint);
  v("service_name", &c.service_name);
}

template <typename V>
void Fields(V& v, AzureManagedIdentity& c) {
  v("client_id", &c.client_id);
}

template <typename V>
void Fields(V& v, AzureWorkloadIdentity& c) {
  v("client_id", &c.client_id);
  v("tenant_id", &c.tenant_id);
  v("token_file_path", &c.token_file_path);
}

template <typename V>
void Fields(V& v, AzureOauth& c) {
  v("client_id", &c.client_id);
  v("client_secret", &c.client_secret);
  v("tenant_id", &c.tenant_id);
}

template <typename V>
void Fields(V& v, AzureSdk& c) {
  v("tenant_id", &c.tenant_id);
}

template <typename V>
void Fields(V& v, AzureAdConfig& c) {
  v("managed_identity", &c.managed_identity);
  v("workload_identity", &c.workload_identity);
  v("oauth", &c.oauth);
  v("sdk", &c.sdk);
  v("cloud", &c.cloud);
  v("scope", &c.scope);
}

template <typename V>
void Fields(V& v, GoogleIamConfig& c) {
  v("credentials_file", &c.credentials_file);
}

template <typename V>
void Fields(V& v, AlertmanagerConfig& c) {
  v.Inline(&c.http);
  v("sigv4", &c.sigv4);
  v("scheme", &c.scheme);
  v("path_prefix", &c.path_prefix);
  v("timeout", &c.timeout);
  v("api_version", &c.api_version);
  v.List("relabel_configs", &c.relabel_configs,
         "empty or null Alertmanager target relabeling rule");
  v.List("alert_relabel_configs", &c.alert_relabel_configs,
         "empty or null Alertmanager alert relabeling rule");
  v.Inline(&c.discovery);
}

template <typename V>
void Fields(V& v, AlertingConfig& c) {
  v.List("alert_relabel_configs", &c.alert_relabel_configs, "empty or null alert relabeling rule");
  v.List("alertmanagers", &c.alertmanagers, "empty or null Alertmanager section");
}

template <typename V>
void Fields(V& v, QueueConfig& c) {
  v("capacity", &c.capacity);
  v("max_shards", &c.max_shards);
  v("min_shards", &c.min_shards);
  v("max_samples_per_send", &c.max_samples_per_send);
  v("batch_send_deadline", &c.batch_send_deadline);
  v("min_backoff", &c.min_backoff);
  v("max_backoff", &c.max_backoff);
  v("retry_on_http_429", &c.retry_on_http_429);
  v("sample_age_limit", &c.sample_age_limit);
}

template <typename V>
void Fields(V& v, MetadataSendConfig& c) {
  v("send", &c.send, Show::kAlways);
  v("send_interval", &c.send_interval);
  v("max_samples_per_send", &c.max_samples_per_send);
}

template <typename V>
void Fields(V& v, RemoteWriteConfig& c) {
  v("url", &c.url);
  v("remote_timeout", &c.remote_timeout);
  v("headers", &c.headers);
  v.List("write_relabel_configs", &c.write_relabel_configs,
         "empty or null relabeling rule in remote write config");
  v("name", &c.name);
  v("send_exemplars", &c.send_exemplars);
  v("send_native_histograms", &c.send_native_histograms);
  v("round_robin_dns", &c.round_robin_dns);
  v("protobuf_message", &c.protobuf_message);
  v("failed_request_logging", &c.failed_request_logging);
  v.Inline(&c.http);
  v("queue_config", &c.queue_config);
  v("metadata_config", &c.metadata_config);
  v("sigv4", &c.sigv4);
  v("azuread", &c.azuread);
  v("google_iam", &c.google_iam);
}

template <typename V>
void Fields(V& v, RemoteReadConfig& c) {
  v("url", &c.url);
  v("remote_timeout", &c.remote_timeout);
  v("chunked_read_limit", &c.chunked_read_limit);
  v("headers", &c.headers);
  v("read_recent", &c.read_recent);
  v("name", &c.name);
  v.Inline(&c.http);
  v("required_matchers", &c.required_matchers);
  v("filter_external_labels", &c.filter_external_labels, Show::kAlways);
}

template <typename V>
void Fields(V& v, RetentionConfig& c) {
  v("time", &c.time);
  v("size", &c.size);
  v("percentage", &c.percentage);
}

template <typename V>
void Fields(V& v, ChunkEncodingConfig& c) {
  v("floats", &c.floats);
}

template <typename V>
void Fields(V& v, TsdbConfig& c) {
  v("out_of_order_time_window", &c.out_of_order_time_window);
  v("stale_series_compaction_threshold", &c.stale_series_compaction_threshold);
  v("chunk_encoding", &c.chunk_encoding);
  v("retention", &c.retention);
}

template <typename V>
void Fields(V& v, ExemplarsConfig& c) {
  v("max_exemplars", &c.max_exemplars);
}

template <typename V>
void Fields(V& v, StorageConfig& c) {
  v("tsdb", &c.tsdb);
  v("exemplars", &c.exemplars);
}

template <typename V>
void Fields(V& v, OtlpConfig& c) {
  v("promote_all_resource_attributes", &c.promote_all_resource_attributes);
  v("promote_resource_attributes", &c.promote_resource_attributes);
  v("ignore_resource_attributes", &c.ignore_resource_attributes);
  v("translation_strategy", &c.translation_strategy);
  v("keep_identifying_resource_attributes", &c.keep_identifying_resource_attributes);
  v("convert_histograms_to_nhcb", &c.convert_histograms_to_nhcb);
  v("promote_scope_metadata", &c.promote_scope_metadata);
  v("label_name_underscore_sanitization", &c.label_name_underscore_sanitization);
  v("label_name_preserve_multiple_underscores", &c.label_name_preserve_multiple_underscores);
}

template <typename V>
void Fields(V& v, TracingConfig& c) {
  v("client_type", &c.client_type);
  v("endpoint", &c.endpoint);
  v("sampling_fraction", &c.sampling_fraction);
  v("insecure", &c.insecure);
  v("tls_config", &c.tls_config);
  v("headers", &c.headers);
  v("compression", &c.compression);
  v("timeout", &c.timeout);
}

template <typename V>
void Fields(V& v, Config& c) {
  v("global", &c.global);
  v("runtime", &c.runtime);
  v("alerting", &c.alerting);
  v.Path("rule_files", &c.rule_files);
  v.Path("scrape_config_files", &c.scrape_config_files);
  v.List("scrape_configs", &c.scrape_configs, "empty or null scrape config section");
  v("storage", &c.storage);
  v("tracing", &c.tracing);
  v.List("remote_write", &c.remote_write, "empty or null remote write config section");
  v.List("remote_read", &c.remote_read, "empty or null remote read config section");
  v("otlp", &c.otlp);
}

}  // namespace hearth

#endif  // HEARTH_CONFIG_FIELDS_H_
