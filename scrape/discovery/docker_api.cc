#include "scrape/discovery/docker_api.h"

#include <optional>

#include "http/url.h"
#include "model/text.h"

namespace hearth {
namespace {

// The rest of `text` behind `prefix`, or nothing.
std::optional<std::string_view> After(std::string_view text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return std::nullopt;
  return text.substr(prefix.size());
}

}  // namespace

absl::StatusOr<std::unique_ptr<ApiClient>> MakeDockerClient(http::IoThread* io,
                                                            const std::string& host,
                                                            const HttpClientConfig& http,
                                                            TimeMs timeout_ms) {
  ApiClient::Options options;
  options.http = http;
  options.timeout_ms = timeout_ms;
  if (const auto path = After(host, "unix://")) {
    options.unix_socket = *path;
    options.base = "http://docker";
  } else if (const auto address = After(host, "tcp://")) {
    options.base = StrCat(http.tls_config ? "https://" : "http://", *address);
  } else if (After(host, "http://") || After(host, "https://")) {
    options.base = host;
  } else {
    return absl::InvalidArgumentError(
        StrCat("Docker host \"", host, "\": want unix://, tcp://, http:// or https://"));
  }
  while (options.base.ends_with('/')) options.base.pop_back();
  return ApiClient::Create(io, std::move(options));
}

std::string DockerFilterQuery(const std::vector<DockerFilter>& filters) {
  if (filters.empty()) return "";
  Json query = Json::object();
  for (const DockerFilter& filter : filters) {
    for (const std::string& value : filter.values) query[filter.name][value] = true;
  }
  // A configuration may hold any bytes.
  return StrCat("?filters=",
                http::PercentEncode(query.dump(-1, ' ', false, Json::error_handler_t::replace)));
}

std::map<std::string, MetaLabels, std::less<>> DockerNetworks(const Json& networks,
                                                              std::string_view prefix) {
  std::map<std::string, MetaLabels, std::less<>> labels;
  if (!networks.is_array()) return labels;
  for (const Json& network : networks) {
    MetaLabels& set =
        labels.insert_or_assign(std::string(Text(network, "Id")), MetaLabels(prefix)).first->second;
    set.Set("network_id", Text(network, "Id"))
        .Set("network_name", Text(network, "Name"))
        .Set("network_scope", Text(network, "Scope"))
        .Set("network_internal", TrueOrFalse(Member(network, "Internal")))
        .Set("network_ingress", TrueOrFalse(Member(network, "Ingress")))
        .SetEach("network_label_", Member(network, "Labels"));
  }
  return labels;
}

}  // namespace hearth
