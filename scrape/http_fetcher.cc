#include "scrape/http_fetcher.h"

#include "model/status.h"
#include "scrape/http_settings.h"

namespace hearth {
namespace {

class HttpFetcher : public Fetcher {
 public:
  HttpFetcher(std::unique_ptr<http::Client> client, HttpClientConfig config)
      : config_(std::move(config)), client_(std::move(client)) {}

  void Fetch(ScrapeRequest request, Done done) override {
    http::FetchRequest fetch;
    fetch.url = std::move(request.url);
    for (auto& [name, value] : request.headers) fetch.headers.Set(name, value);
    if (absl::Status status = AddHttpHeaders(config_, &fetch.headers); !status.ok()) {
      done(std::move(status));
      return;
    }
    fetch.timeout_ms = request.timeout_ms;
    fetch.body_bytes_max = request.body_bytes_max;
    fetch.follow_redirects = request.follow_redirects;
    fetch.decode_body =
        false;  // Inflating is the dearest part of a scrape: the parsing thread does it.
    client_->Fetch(std::move(fetch), [limit = request.body_bytes_max, done = std::move(done)](
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

  const HttpClientConfig config_;
  const std::unique_ptr<http::Client> client_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<Fetcher>> HttpFetcherFactory::Create(
    const HttpClientConfig& config) {
  HEARTH_ASSIGN_OR_RETURN(std::unique_ptr<http::Client> client, MakeHttpClient(io_, config));
  return std::shared_ptr<Fetcher>(std::make_shared<HttpFetcher>(std::move(client), config));
}

}  // namespace hearth
