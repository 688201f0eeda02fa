// config/discovery_fields.h
//
// The keys of the `*_sd_configs` sections that have a provider, one Fields function for each
// struct, as fields.h describes. Internal to config/.
#ifndef HEARTH_CONFIG_DISCOVERY_FIELDS_H_
#define HEARTH_CONFIG_DISCOVERY_FIELDS_H_

#include "config/config.h"
#include "config/show.h"

namespace hearth {

template <typename V>
void Fields(V& v, TargetGroup& c) {
  v("targets", &c.targets, Show::kAlways);
  v("labels", &c.labels);
}

template <typename V>
void Fields(V& v, FileSdConfig& c) {
  v.Path("files", &c.files, Show::kAlways);
  v("refresh_interval", &c.refresh_interval);
}

template <typename V>
void Fields(V& v, ConsulSdConfig& c) {
  v("server", &c.server);
  v("path_prefix", &c.path_prefix);
  v("token", &c.token);
  v("datacenter", &c.datacenter);
  v("namespace", &c.namespace_name);
  v("partition", &c.partition);
  v("tag_separator", &c.tag_separator);
  v("scheme", &c.scheme);
  v("username", &c.username);
  v("password", &c.password);
  v("allow_stale", &c.allow_stale, Show::kAlways);
  v("refresh_interval", &c.refresh_interval);
  v("services", &c.services);
  v("tags", &c.tags);
  v("node_meta", &c.node_meta);
  v("filter", &c.filter);
  v("health_filter", &c.health_filter);
  v.Inline(&c.http);
}

template <typename V>
void Fields(V& v, DnsSdConfig& c) {
  v("names", &c.names, Show::kAlways);
  v("refresh_interval", &c.refresh_interval);
  v("type", &c.type, Show::kAlways);
  v("port", &c.port, Show::kAlways);
}

template <typename V>
void Fields(V& v, DockerFilter& c) {
  v("name", &c.name, Show::kAlways);
  v("values", &c.values, Show::kAlways);
}

template <typename V>
void Fields(V& v, DockerSdConfig& c) {
  v.Inline(&c.http);
  v("host", &c.host, Show::kAlways);
  v("port", &c.port, Show::kAlways);
  v("filters", &c.filters, Show::kAlways);
  v("host_networking_host", &c.host_networking_host, Show::kAlways);
  v("refresh_interval", &c.refresh_interval, Show::kAlways);
  v("match_first_network", &c.match_first_network, Show::kAlways);
}

template <typename V>
void Fields(V& v, DockerSwarmSdConfig& c) {
  v.Inline(&c.http);
  v("host", &c.host, Show::kAlways);
  v("role", &c.role, Show::kAlways);
  v("port", &c.port, Show::kAlways);
  v("filters", &c.filters, Show::kAlways);
  v("refresh_interval", &c.refresh_interval, Show::kAlways);
}

template <typename V>
void Fields(V& v, HttpSdConfig& c) {
  v.Inline(&c.http);
  v("refresh_interval", &c.refresh_interval);
  v("url", &c.url, Show::kAlways);
}

template <typename V>
void Fields(V& v, KubernetesNamespaces& c) {
  v("own_namespace", &c.own_namespace);
  v("names", &c.names);
}

template <typename V>
void Fields(V& v, KubernetesSelector& c) {
  v("role", &c.role);
  v("label", &c.label);
  v("field", &c.field);
}

template <typename V>
void Fields(V& v, KubernetesAttachMetadata& c) {
  v("node", &c.node);
  v("namespace", &c.namespace_metadata);
  v("deployment", &c.deployment);
  v("job", &c.job);
  v("cronjob", &c.cronjob);
}

template <typename V>
void Fields(V& v, KubernetesSdConfig& c) {
  v("api_server", &c.api_server);
  v("role", &c.role, Show::kAlways);
  v.Path("kubeconfig_file", &c.kubeconfig_file, Show::kAlways);
  v.Inline(&c.http);
  v("namespaces", &c.namespaces);
  v("selectors", &c.selectors);
  v("attach_metadata", &c.attach_metadata);
}

}  // namespace hearth

#endif  // HEARTH_CONFIG_DISCOVERY_FIELDS_H_
