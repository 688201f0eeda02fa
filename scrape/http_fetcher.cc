#include "scrape/http_fetcher.h"

#include <fstream>

#include "absl/strings/escaping.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth {
namespace {

constexpr size_t kSecretFileBytesMax = 1 << 20;

// The text of a small file, without white space at its ends.
absl::StatusOr<std::string> ReadSecretFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(kSecretFileBytesMax, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in && !in.eof()) return absl::NotFoundError(StrCat("unable to read file ", path));
  text.resize(static_cast<size_t>(in.gcount()));
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string::npos) return std::string();
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

absl::StatusOr<std::string> TextOrFile(const std::string& text, const std::string& file) {
  if (file.empty()) return text;
  return ReadSecretFile(file);
}

class HttpFetcher : public Fetcher {
 public:
  HttpFetcher(http::IoThread* io, std::shared_ptr<const http::TlsContext> tls,
              HttpClientConfig config)
      : config_(std::move(config)), client_(io, std::move(tls)) {}

  void Fetch(ScrapeRequest request, Done done) override {
    http::FetchRequest fetch;
    fetch.url = std::move(request.url);
    for (auto& [name, value] : request.headers) fetch.headers.Set(name, value);
    if (absl::Status status = AddHeaders(&fetch.headers); !status.ok()) {
      done(std::move(status));
      return;
    }
    fetch.timeout_ms = request.timeout_ms;
    fetch.body_bytes_max = request.body_bytes_max;
    fetch.follow_redirects = request.follow_redirects;
    fetch.decode_body =
        false;  // Inflating is the dearest part of a scrape: the parsing thread does it.
    client_.Fetch(std::move(fetch), [limit = request.body_bytes_max, done = std::move(done)](
                                        absl::StatusOr<http::FetchResult> result) {
      if (!result.ok()) {
        done(result.status());
        return;
      }
      done(MakeResponse(limit, *std::move(result)));
    });
  }

 private:
  static ScrapeResponse MakeResponse(size_t limit, http::FetchResult result) {
    ScrapeResponse response;
    response.status = result.status;
    response.reason = std::string(http::StatusText(result.status));
    response.content_type = std::string(result.headers.Get("Content-Type"));
    response.body = std::move(result.body);
    if (result.headers.Has("Content-Encoding")) {
      response.inflate = [limit, headers = std::move(result.headers)](std::string* body) {
        http::FetchResult compressed;
        compressed.headers = headers;
        compressed.body = std::move(*body);
        std::string scratch;
        HEARTH_RETURN_IF_ERROR(http::DecodeBody(limit, &compressed, &scratch));
        *body = std::move(compressed.body);
        return absl::OkStatus();
      };
    }
    return response;
  }

  absl::Status AddHeaders(http::Headers* headers) const {
    for (const auto& [name, header] : config_.http_headers) {
      for (const std::string& value : header.values) headers->Add(name, value);
      for (const Secret& secret : header.secrets) headers->Add(name, secret.value);
      for (const std::string& file : header.files) {
        HEARTH_ASSIGN_OR_RETURN(const std::string value, ReadSecretFile(file));
        headers->Add(name, value);
      }
    }
    if (config_.authorization) {
      const AuthorizationConfig& auth = *config_.authorization;
      HEARTH_ASSIGN_OR_RETURN(const std::string credentials,
                              TextOrFile(auth.credentials.value, auth.credentials_file));
      if (!credentials.empty()) headers->Set("Authorization", StrCat(auth.type, " ", credentials));
    }
    if (config_.basic_auth) {
      const BasicAuthConfig& auth = *config_.basic_auth;
      HEARTH_ASSIGN_OR_RETURN(const std::string user,
                              TextOrFile(auth.username, auth.username_file));
      HEARTH_ASSIGN_OR_RETURN(const std::string password,
                              TextOrFile(auth.password.value, auth.password_file));
      headers->Set("Authorization",
                   StrCat("Basic ", absl::Base64Escape(StrCat(user, ":", password))));
    }
    return absl::OkStatus();
  }

  const HttpClientConfig config_;
  http::Client client_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<Fetcher>> HttpFetcherFactory::Create(
    const HttpClientConfig& config) {
  std::shared_ptr<const http::TlsContext> tls;
  if (config.tls_config) {
    const TlsConfig& c = *config.tls_config;
    http::TlsOptions options;
    options.ca_pem = c.ca;
    options.ca_file = c.ca_file;
    options.cert_pem = c.cert;
    options.cert_file = c.cert_file;
    options.key_pem = c.key.value;
    options.key_file = c.key_file;
    options.server_name = c.server_name;
    options.insecure_skip_verify = c.insecure_skip_verify;
    options.min_version = c.min_version;
    options.max_version = c.max_version;
    HEARTH_ASSIGN_OR_RETURN(tls, http::TlsContext::Create(options));
  }
  return std::shared_ptr<Fetcher>(std::make_shared<HttpFetcher>(io_, std::move(tls), config));
}

}  // namespace hearth
