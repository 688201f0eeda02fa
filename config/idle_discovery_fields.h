// config/idle_discovery_fields.h
//
// The keys of the `*_sd_configs` sections without a provider, as fields.h describes. Internal to
// config/.
#ifndef HEARTH_CONFIG_IDLE_DISCOVERY_FIELDS_H_
#define HEARTH_CONFIG_IDLE_DISCOVERY_FIELDS_H_

#include "config/config.h"
#include "config/show.h"

namespace hearth {

template <typename V>
void Fields(V& v, AwsFilter& c) {
  v("name", &c.name, Show::kAlways);
  v("values", &c.values, Show::kAlways);
}

template <typename V>
void Fields(V& v, AwsAccess& c) {
  v("region", &c.region, Show::kAlways);
  v("endpoint", &c.endpoint, Show::kAlways);
  v("access_key", &c.access_key);
  v("secret_key", &c.secret_key);
  v("profile", &c.profile);
  v("role_arn", &c.role_arn);
  v("external_id", &c.external_id);
  v("refresh_interval", &c.refresh_interval);
  v("port", &c.port, Show::kAlways);
  v.Inline(&c.http);
}

template <typename V>
void Fields(V& v, AwsSdConfig& c) {
  v.Inline(&c.access);
  v("role", &c.role, Show::kAlways);
  v("filters", &c.filters);
  v("clusters", &c.clusters);
  v("request_concurrency", &c.request_concurrency);
}

template <typename V>
void Fields(V& v, Ec2SdConfig& c) {
  v.Inline(&c.access);
  v("filters", &c.filters, Show::kAlways);
}

template <typename V>
void Fields(V& v, LightsailSdConfig& c) {
  v.Inline(&c.access);
}

template <typename V>
void Fields(V& v, AwsClusterSdConfig& c) {
  v.Inline(&c.access);
  v("clusters", &c.clusters);
  v("request_concurrency", &c.request_concurrency);
}

template <typename V>
void Fields(V& v, AzureSdConfig& c) {
  v("environment", &c.environment);
  v("port", &c.port, Show::kAlways);
  v("subscription_id", &c.subscription_id, Show::kAlways);
  v("tenant_id", &c.tenant_id);
  v("client_id", &c.client_id);
  v("client_secret", &c.client_secret);
  v("refresh_interval", &c.refresh_interval);
  v("authentication_method", &c.authentication_method);
  v("resource_group", &c.resource_group);
  v.Inline(&c.http);
}

template <typename V>
void Fields(V& v, DigitaloceanSdConfig& c) {
  v("role", &c.role);
  v("refresh_interval", &c.refresh_interval, Show::kAlways);
  v("port", &c.port, Show::kAlways);
  v.Inline(&c.http);
}

template <typename V>
void Fields(V& v, GceSdConfig& c) {
  v("project", &c.project, Show::kAlways);
  v("zone", &c.zone, Show::kAlways);
  v("filter", &c.filter);
  v("refresh_interval", &c.refresh_interval);
  v("port", &c.port, Show::kAlways);
  v("tag_separator", &c.tag_separator);
}

template <typename V>
void Fields(V& v, HetznerSdConfig& c) {
  v("refresh_interval", &c.refresh_interval, Show::kAlways);
  v("port", &c.port, Show::kAlways);
  v("role", &c.role, Show::kAlways);
  v("label_selector", &c.label_selector);
  v.Inline(&c.http);
}

template <typename V>
void Fields(V& v, IonosSdConfig& c) {
  v("datacenter_id", &c.datacenter_id, Show::kAlways);
  v("refresh_interval", &c.refresh_interval, Show::kAlways);
  v("port", &c.port, Show::kAlways);
  v.Inline(&c.http);
}

template <typename V>
void Fields(V& v, LinodeSdConfig& c) {
  v("refresh_interval", &c.refresh_interval, Show::kAlways);
  v("port", &c.port, Show::kAlways);
  v("tag_separator", &c.tag_separator);
  v("region", &c.region);
  v.Inline(&c.http);
}

template <typename V>
void Fields(V& v, OciSdConfig& c) {
  v("auth", &c.auth);
  v("tenancy", &c.tenancy);
  v("user", &c.user);
  v("fingerprint", &c.fingerprint);
  v.Path("key_file", &c.key_file);
  v("key_passphrase", &c.key_passphrase);
  v.Path("key_passphrase_file", &c.key_passphrase_file);
  v("region", &c.region);
  v("compartments", &c.compartments);
  v("port", &c.port, Show::kAlways);
  v("refresh_interval", &c.refresh_interval);
  v.Inline(&c.http);
}

template <typename V>
void Fields(V& v, OpenstackSdConfig& c) {
  v("identity_endpoint", &c.identity_endpoint, Show::kAlways);
  v("username", &c.username, Show::kAlways);
  v("userid", &c.userid, Show::kAlways);
  v("password", &c.password, Show::kAlways);
  v("project_name", &c.project_name, Show::kAlways);
  v("project_id", &c.project_id, Show::kAlways);
  v("domain_name", &c.domain_name, Show::kAlways);
  v("domain_id", &c.domain_id, Show::kAlways);
  v("application_credential_name", &c.application_credential_name);
  v("application_credential_id", &c.application_credential_id);
  v("application_credential_secret", &c.application_credential_secret);
  v("role", &c.role, Show::kAlways);
  v("region", &c.region, Show::kAlways);
  v("refresh_interval", &c.refresh_interval, Show::kAlways);
  v("port", &c.port, Show::kAlways);
  v("all_tenants", &c.all_tenants);
  v("tls_config", &c.tls_config);
  v("availability", &c.availability);
}

template <typename V>
void Fields(V& v, OutscaleSdConfig& c) {
  v("region", &c.region, Show::kAlways);
  v("access_key", &c.access_key);
  v("secret_key", &c.secret_key);
  v.Path("secret_key_file", &c.secret_key_file);
  v("endpoint", &c.endpoint);
  v("refresh_interval", &c.refresh_interval);
  v("port", &c.port, Show::kAlways);
  v.Inline(&c.http);
}

template <typename V>
void Fields(V& v, OvhcloudSdConfig& c) {
  v("endpoint", &c.endpoint, Show::kAlways);
  v("application_key", &c.application_key, Show::kAlways);
  v("application_secret", &c.application_secret, Show::kAlways);
  v("consumer_key", &c.consumer_key, Show::kAlways);
  v("refresh_interval", &c.refresh_interval, Show::kAlways);
  v("service", &c.service, Show::kAlways);
}

template <typename V>
void Fields(V& v, ScalewaySdConfig& c) {
  v("project_id", &c.project_id, Show::kAlways);
  v("api_url", &c.api_url, Show::kAlways);
  v("zone", &c.zone, Show::kAlways);
  v("access_key", &c.access_key, Show::kAlways);
  v("secret_key", &c.secret_key);
  v.Path("secret_key_file", &c.secret_key_file);
  v("name_filter", &c.name_filter);
  v("tags_filter", &c.tags_filter);
  v("refresh_interval", &c.refresh_interval, Show::kAlways);
  v("port", &c.port, Show::kAlways);
  v("role", &c.role, Show::kAlways);
  v.Inline(&c.http);
}

template <typename V>
void Fields(V& v, StackitSdConfig& c) {
  v("project", &c.project, Show::kAlways);
  v("region", &c.region, Show::kAlways);
  v("endpoint", &c.endpoint);
  v("private_key", &c.private_key);
  v.Path("private_key_path", &c.private_key_path);
  v("service_account_key", &c.service_account_key);
  v.Path("service_account_key_path", &c.service_account_key_path);
  v.Path("credentials_file_path", &c.credentials_file_path);
  v("refresh_interval", &c.refresh_interval, Show::kAlways);
  v("port", &c.port, Show::kAlways);
  v.Inline(&c.http);
}

template <typename V>
void Fields(V& v, TritonSdConfig& c) {
  v("account", &c.account, Show::kAlways);
  v("role", &c.role, Show::kAlways);
  v("dns_suffix", &c.dns_suffix, Show::kAlways);
  v("endpoint", &c.endpoint, Show::kAlways);
  v("groups", &c.groups);
  v("port", &c.port, Show::kAlways);
  v("refresh_interval", &c.refresh_interval);
  v("tls_config", &c.tls_config);
  v("version", &c.version, Show::kAlways);
}

template <typename V>
void Fields(V& v, VultrSdConfig& c) {
  v("refresh_interval", &c.refresh_interval, Show::kAlways);
  v("port", &c.port, Show::kAlways);
  v.Inline(&c.http);
}

template <typename V>
void Fields(V& v, EurekaSdConfig& c) {
  v("server", &c.server);
  v("refresh_interval", &c.refresh_interval);
  v.Inline(&c.http);
}

template <typename V>
void Fields(V& v, KumaSdConfig& c) {
  v("server", &c.server);
  v("client_id", &c.client_id);
  v("refresh_interval", &c.refresh_interval);
  v("fetch_timeout", &c.fetch_timeout);
  v.Inline(&c.http);
}

template <typename V>
void Fields(V& v, MarathonSdConfig& c) {
  v("servers", &c.servers);
  v("refresh_interval", &c.refresh_interval);
  v("auth_token", &c.auth_token);
  v.Path("auth_token_file", &c.auth_token_file);
  v.Inline(&c.http);
}

template <typename V>
void Fields(V& v, ZookeeperSdConfig& c) {
  v("servers", &c.servers, Show::kAlways);
  v("paths", &c.paths, Show::kAlways);
  v("timeout", &c.timeout);
}

template <typename V>
void Fields(V& v, NomadSdConfig& c) {
  v("allow_stale", &c.allow_stale, Show::kAlways);
  v("namespace", &c.namespace_name);
  v("refresh_interval", &c.refresh_interval);
  v("region", &c.region);
  v("server", &c.server);
  v("tag_separator", &c.tag_separator);
  v.Inline(&c.http);
}

template <typename V>
void Fields(V& v, PuppetdbSdConfig& c) {
  v("url", &c.url, Show::kAlways);
  v("query", &c.query, Show::kAlways);
  v("include_parameters", &c.include_parameters, Show::kAlways);
  v("refresh_interval", &c.refresh_interval);
  v("port", &c.port, Show::kAlways);
  v.Inline(&c.http);
}

template <typename V>
void Fields(V& v, UyuniSdConfig& c) {
  v("server", &c.server, Show::kAlways);
  v("username", &c.username, Show::kAlways);
  v("password", &c.password, Show::kAlways);
  v("entitlement", &c.entitlement);
  v("separator", &c.separator);
  v("refresh_interval", &c.refresh_interval);
  v.Inline(&c.http);
}

}  // namespace hearth

#endif  // HEARTH_CONFIG_IDLE_DISCOVERY_FIELDS_H_
