#include "scrape/discovery/api_client.h"

#include <algorithm>

#include "model/mutex.h"
#include "model/status.h"
#include "model/text.h"
#include "scrape/http_settings.h"

namespace hearth {
namespace {

constexpr std::string_view kUserAgent = "Prometheus/3.14.0";
constexpr TimeMs kTimeoutMinMs = 1'000;

}  // namespace

absl::StatusOr<std::unique_ptr<ApiClient>> ApiClient::Create(http::IoThread* io, Options options) {
  HEARTH_ASSIGN_OR_RETURN(std::unique_ptr<http::Client> client, MakeHttpClient(io, options.http));
  return std::unique_ptr<ApiClient>(new ApiClient(std::move(client), std::move(options)));
}

absl::StatusOr<http::FetchRequest> ApiClient::MakeRequest(const std::string& path) const {
  http::FetchRequest request;
  request.url = StrCat(options_.base, path);
  request.unix_socket = options_.unix_socket;
  request.headers = options_.headers;
  request.headers.Set("User-Agent", kUserAgent);
  request.headers.Set("Accept", "application/json");
  request.headers.Set("Accept-Encoding", "gzip");
  HEARTH_RETURN_IF_ERROR(AddHttpHeaders(options_.http, &request.headers));
  request.timeout_ms = std::max(options_.timeout_ms, kTimeoutMinMs);
  request.body_bytes_max = options_.answer_bytes_max;
  request.follow_redirects = options_.http.follow_redirects;
  return request;
}

absl::StatusOr<http::FetchResult> ApiClient::Get(const std::string& path) {
  HEARTH_ASSIGN_OR_RETURN(http::FetchRequest request, MakeRequest(path));
  return client_->FetchBlocking(std::move(request));
}

std::vector<absl::StatusOr<http::FetchResult>> ApiClient::GetAll(
    const std::vector<std::string>& paths) {
  std::vector<absl::StatusOr<http::FetchResult>> answers(paths.size());
  Mutex mu;
  CondVar arrived;
  size_t open = paths.size();
  for (size_t i = 0; i < paths.size(); ++i) {
    const auto done = [&, i](absl::StatusOr<http::FetchResult> answer) {
      MutexLock lock(&mu);
      answers[i] = std::move(answer);
      --open;
      arrived.SignalAll();
    };
    absl::StatusOr<http::FetchRequest> request = MakeRequest(paths[i]);
    if (request.ok()) {
      client_->Fetch(*std::move(request), done);
    } else {
      done(request.status());
    }
  }
  MutexLock lock(&mu);
  while (open > 0) arrived.Wait(&mu);
  return answers;
}

absl::StatusOr<Json> ApiClient::GetJson(const std::string& path) {
  HEARTH_ASSIGN_OR_RETURN(const http::FetchResult answer, Get(path));
  absl::Status status = http::ExpectOk(answer);
  absl::StatusOr<Json> json = status.ok() ? ParseJson(answer.body) : status;
  if (json.ok()) return json;
  return absl::Status(
      json.status().code(),
      ToAbsl(StrCat("Get \"", answer.url, "\": ", FromAbsl(json.status().message()))));
}

}  // namespace hearth
