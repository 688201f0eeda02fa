// scrape/http_fetcher.h
//
// The real Fetcher: http::Client with the authentication, TLS, proxy and headers of an http_config.
// Files with passwords and tokens are read for each request, as Prometheus does, so they may be
// rotated; TLS files when the fetcher is made and when they have changed.
//
// Thread safety: all methods may be called from any thread. Ownership: borrows the IO thread, which
// must outlive all fetchers.
#ifndef HEARTH_SCRAPE_HTTP_FETCHER_H_
#define HEARTH_SCRAPE_HTTP_FETCHER_H_

#include <memory>

#include "http/client.h"
#include "scrape/fetcher.h"

namespace hearth {

class HttpFetcherFactory : public FetcherFactory {
 public:
  explicit HttpFetcherFactory(http::IoThread* io) : io_(io) {}
  absl::StatusOr<std::shared_ptr<Fetcher>> Create(const HttpClientConfig& config) override;

 private:
  http::IoThread* const io_;
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_HTTP_FETCHER_H_
