#include "config/discovery_kinds.h"

#include <algorithm>

#include "model/text.h"

namespace hearth {
namespace {

constexpr std::string_view kAws =
    "role region endpoint access_key secret_key profile role_arn external_id refresh_interval port "
    "filters[name values] clusters request_concurrency";
constexpr std::string_view kZookeeper = "servers paths timeout";

constexpr DiscoveryKind kKinds[] = {
    {"aws", kAws},
    {"azure",
     "environment port subscription_id tenant_id client_id client_secret refresh_interval "
     "authentication_method "
     "resource_group"},
    {"digitalocean", "role refresh_interval port"},
    {"ec2", kAws},
    {"ecs", kAws},
    {"elasticache", kAws},
    {"eureka", "server refresh_interval"},
    {"gce", "project zone filter refresh_interval port tag_separator", false},
    {"hetzner", "role label_selector refresh_interval port"},
    {"ionos", "datacenter_id port refresh_interval"},
    {"kuma", "server client_id refresh_interval fetch_timeout"},
    {"lightsail", kAws},
    {"linode", "region port tag_separator refresh_interval"},
    {"marathon", "servers refresh_interval auth_token auth_token_file"},
    {"msk", kAws},
    {"nerve", kZookeeper, false},
    {"nomad", "allow_stale namespace refresh_interval region server tag_separator"},
    {"oci",
     "auth tenancy user fingerprint key_file key_passphrase key_passphrase_file region "
     "compartments port "
     "refresh_interval"},
    {"openstack",
     "identity_endpoint username userid password project_name project_id domain_name domain_id "
     "application_credential_name application_credential_id application_credential_secret role "
     "region "
     "refresh_interval port all_tenants availability tls_config{*}",
     false},
    {"outscale", "region endpoint port access_key secret_key secret_key_file refresh_interval"},
    {"ovhcloud",
     "endpoint application_key application_secret consumer_key refresh_interval service", false},
    {"puppetdb", "url query include_parameters port refresh_interval"},
    {"rds", kAws},
    {"scaleway",
     "project_id api_url zone access_key secret_key secret_key_file name_filter tags_filter port "
     "role "
     "refresh_interval"},
    {"serverset", kZookeeper, false},
    {"stackit",
     "project region endpoint private_key private_key_path service_account_key "
     "service_account_key_path "
     "credentials_file_path port refresh_interval"},
    {"triton",
     "account role dns_suffix endpoint groups port refresh_interval tls_config{*} version", false},
    {"uyuni", "server username password entitlement separator refresh_interval"},
    {"vultr", "port refresh_interval"},
};

constexpr std::string_view kHttpKeys =
    "basic_auth{username username_file password password_file} authorization{type credentials "
    "credentials_file} "
    "oauth2{*} bearer_token bearer_token_file follow_redirects enable_http2 tls_config{ca ca_file "
    "cert cert_file key "
    "key_file server_name insecure_skip_verify min_version max_version} proxy_url no_proxy "
    "proxy_from_environment "
    "proxy_connect_header{*} http_headers{*}";

constexpr std::string_view kSecretKeys[] = {"password",
                                            "credentials",
                                            "client_secret",
                                            "client_certificate_key",
                                            "bearer_token",
                                            "token",
                                            "auth_token",
                                            "secret_key",
                                            "application_secret",
                                            "application_credential_secret",
                                            "consumer_key",
                                            "key_passphrase",
                                            "private_key",
                                            "service_account_key",
                                            "key",
                                            "secrets"};

std::string_view NextWord(std::string_view* keys) {
  const size_t start = std::min(keys->find_first_not_of(' '), keys->size());
  keys->remove_prefix(start);
  size_t end = 0;
  int depth = 0;
  for (; end < keys->size() && (depth > 0 || (*keys)[end] != ' '); ++end) {
    const char c = (*keys)[end];
    depth += (c == '{' || c == '[') - (c == '}' || c == ']');
  }
  const std::string_view word = keys->substr(0, end);
  keys->remove_prefix(end);
  return word;
}

// The entry for `key` in a list of keys, or "".
std::string_view FindKey(std::string_view keys, std::string_view key) {
  while (true) {
    const std::string_view word = NextWord(&keys);
    if (word.empty()) return {};
    if (word.substr(0, word.find_first_of("{[")) == key) return word;
  }
}

absl::Status CheckMap(std::string_view type, std::string_view keys, std::string_view more_keys,
                      const YamlNode& map) {
  if (map.is_null()) return absl::OkStatus();
  if (!map.is_map()) {
    return absl::InvalidArgumentError(
        StrCat("line ", map.line, ": cannot unmarshal ", map.Describe(), " into ", type, ".plain"));
  }
  for (size_t i = 0; i < map.entries.size(); ++i) {
    const auto& [key, value] = map.entries[i];
    std::string_view word = FindKey(keys, key.scalar);
    if (word.empty()) word = FindKey(more_keys, key.scalar);
    if (word.empty() && keys != "*") {
      return absl::InvalidArgumentError(
          StrCat("line ", key.line, ": field ", key.scalar, " not found in type ", type, ".plain"));
    }
    for (size_t j = 0; j < i; ++j) {
      if (map.entries[j].first.scalar == key.scalar) {
        return absl::InvalidArgumentError(StrCat("line ", key.line, ": field ", key.scalar,
                                                 " already set in type ", type, ".plain"));
      }
    }
    const size_t open = word.find_first_of("{[");
    if (open == std::string_view::npos) continue;
    const std::string_view inner = word.substr(open + 1, word.size() - open - 2);
    if (word[open] == '{') {
      if (absl::Status s = CheckMap(type, inner, "", value); !s.ok()) return s;
    }
    for (const YamlNode& item : value.items) {
      if (absl::Status s = CheckMap(type, inner, "", item); !s.ok()) return s;
    }
  }
  return absl::OkStatus();
}

void Mask(YamlNode* node) {
  if (node->is_scalar() && !node->scalar.empty()) {
    node->scalar = "<secret>";
    node->plain = false;
  }
  for (YamlNode& item : node->items) Mask(&item);
}

}  // namespace

std::span<const DiscoveryKind> OtherDiscoveryKinds() { return kKinds; }

const DiscoveryKind* FindDiscoveryKind(std::string_view key) {
  constexpr std::string_view kSuffix = "_sd_configs";
  if (key.size() <= kSuffix.size() || key.substr(key.size() - kSuffix.size()) != kSuffix)
    return nullptr;
  key.remove_suffix(kSuffix.size());
  const auto it = std::find_if(std::begin(kKinds), std::end(kKinds),
                               [&](const auto& kind) { return kind.name == key; });
  return it == std::end(kKinds) ? nullptr : &*it;
}

absl::Status CheckDiscoveryKeys(const DiscoveryKind& kind, const YamlNode& item) {
  if (item.is_null()) {
    return absl::InvalidArgumentError(
        StrCat("line ", item.line, ": empty or null section in ", kind.name, "_sd_configs"));
  }
  return CheckMap(kind.name, kind.keys, kind.http ? kHttpKeys : "", item);
}

YamlNode WithoutSecrets(const YamlNode& node) {
  YamlNode copy = node;
  for (YamlNode& item : copy.items) item = WithoutSecrets(item);
  for (auto& [key, value] : copy.entries) {
    if (std::find(std::begin(kSecretKeys), std::end(kSecretKeys), key.scalar) !=
        std::end(kSecretKeys)) {
      Mask(&value);
    }
    value = WithoutSecrets(value);
  }
  return copy;
}

}  // namespace hearth
