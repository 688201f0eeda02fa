// scrape/http_settings.h
//
// What an http_config of the configuration means: a client, and the headers of a request. Shared by
// scraping and discovery.
//
// Thread safety: pure functions, but for files and the environment.
#ifndef HEARTH_SCRAPE_HTTP_SETTINGS_H_
#define HEARTH_SCRAPE_HTTP_SETTINGS_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "config/http_client_config.h"
#include "http/client.h"
#include "http/message.h"

namespace hearth {

// The text of a small file (1 MiB of it at most), without white space at its ends. kNotFound.
absl::StatusOr<std::string> ReadSecretFile(const std::string& path);

// Adds `http_headers`, `authorization` and `basic_auth`. Reads files with passwords and tokens, so
// they may be rotated: call it for each request.
absl::Status AddHttpHeaders(const HttpClientConfig& config, http::Headers* headers);

// A client with the TLS settings, the proxy and the oauth2 of `config`; the rest of it is of
// requests, and the caller's. Reads the TLS files and the environment now. kInvalidArgument names
// the setting.
absl::StatusOr<std::unique_ptr<http::Client>> MakeHttpClient(http::IoThread* io,
                                                             const HttpClientConfig& config);

}  // namespace hearth

#endif  // HEARTH_SCRAPE_HTTP_SETTINGS_H_
