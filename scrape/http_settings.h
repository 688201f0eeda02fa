// scrape/http_settings.h
//
// What an http_config of the configuration means for http::Client: the headers of a request, and
// the TLS context. Shared by scraping and discovery.
//
// Thread safety: pure functions, but for the files they read.
#ifndef HEARTH_SCRAPE_HTTP_SETTINGS_H_
#define HEARTH_SCRAPE_HTTP_SETTINGS_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "config/http_client_config.h"
#include "http/message.h"
#include "http/tls.h"

namespace hearth {

// The text of a small file (1 MiB of it at most), without white space at its ends. kNotFound.
absl::StatusOr<std::string> ReadSecretFile(const std::string& path);

// Adds `http_headers`, `authorization` and `basic_auth`. Reads files with passwords and tokens, so
// they may be rotated: call it for each request.
absl::Status AddHttpHeaders(const HttpClientConfig& config, http::Headers* headers);

// Reads the TLS files now. Null when there is no tls_config. kInvalidArgument names the setting.
absl::StatusOr<std::shared_ptr<const http::TlsContext>> MakeTlsContext(
    const HttpClientConfig& config);

}  // namespace hearth

#endif  // HEARTH_SCRAPE_HTTP_SETTINGS_H_
