// config/discovery_kinds.h
//
// The kinds of service discovery that Prometheus knows and this build does not run: which keys each
// has, so that a typing error is still found, and which of them are secret. Internal to config/.
#ifndef HEARTH_CONFIG_DISCOVERY_KINDS_H_
#define HEARTH_CONFIG_DISCOVERY_KINDS_H_

#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "config/config.h"
#include "config/yaml.h"

namespace hearth {

struct DiscoveryKind {
  std::string_view name;  // "consul"; the key in the file is `consul_sd_configs`.
  std::string_view keys;  // Blank-separated; `key{a b}` has an inner map with the keys a and b.
  bool http = true;       // The keys of http_config stand beside them.
};

std::span<const DiscoveryKind> OtherDiscoveryKinds();
// The kind of a key like `consul_sd_configs`, or null.
const DiscoveryKind* FindDiscoveryKind(std::string_view key);

// Checks the keys of one list item: known, each once.
absl::Status CheckDiscoveryKeys(const DiscoveryKind& kind, const YamlNode& item);

// A copy with the values of secret keys replaced by `<secret>`.
YamlNode WithoutSecrets(const YamlNode& node);

}  // namespace hearth

#endif  // HEARTH_CONFIG_DISCOVERY_KINDS_H_
