// scrape/discovery/docker_api.h
//
// What docker and dockerswarm discovery share: the connection to an engine (a Unix socket, tcp,
// http or https), the `filters` parameter, and the labels of networks. Paths are asked for without
// an API version, so an engine answers in its own.
//
// Thread safety: pure functions.
#ifndef HEARTH_SCRAPE_DISCOVERY_DOCKER_API_H_
#define HEARTH_SCRAPE_DISCOVERY_DOCKER_API_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/sd_docker.h"
#include "scrape/discovery/api_client.h"
#include "scrape/discovery/meta_labels.h"

namespace hearth {

// kInvalidArgument: a host that is none of `unix:///path`, `tcp://…`, `http://…`, `https://…`.
absl::StatusOr<std::unique_ptr<ApiClient>> MakeDockerClient(http::IoThread* io,
                                                            const std::string& host,
                                                            const HttpClientConfig& http,
                                                            TimeMs timeout_ms);

// "?filters=…", or "" when there are none.
std::string DockerFilterQuery(const std::vector<DockerFilter>& filters);

// The labels of each network of an answer to /networks, by its id: `prefix` + "network_id" …
std::map<std::string, MetaLabels, std::less<>> DockerNetworks(const Json& networks,
                                                              std::string_view prefix);

}  // namespace hearth

#endif  // HEARTH_SCRAPE_DISCOVERY_DOCKER_API_H_
