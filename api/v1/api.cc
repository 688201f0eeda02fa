#include "api/v1/api.h"

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "api/v1/envelope.h"
#include "api/v1/parameters.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth {
namespace {

constexpr int kStatusMin = 100, kStatusMax = 600;
// To look at a longer one takes too long for the IO thread.
constexpr size_t kAtOnceTargetMax = 4096;

double SecondsSince(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Tells at its end, whole or not, how many bytes another source has given.
class ObservedSource : public http::BodySource {
 public:
  ObservedSource(std::shared_ptr<http::BodySource> source, std::function<void(size_t)> ended)
      : source_(std::move(source)), ended_(std::move(ended)) {}
  ~ObservedSource() override { ended_(bytes_); }

  bool Next(std::string* piece) override {
    const bool more = source_->Next(piece);
    bytes_ += piece->size();
    return more;
  }

 private:
  const std::shared_ptr<http::BodySource> source_;
  const std::function<void(size_t)> ended_;
  size_t bytes_ = 0;
};

http::Response NotFound() { return http::Response::Text(404, "404 page not found\n"); }

}  // namespace

// The metrics of one route. Counters by code are looked up once each.
struct Api::RouteMetrics {
  RouteMetrics(std::string_view pattern, metrics::Registry* r)
      : registry(r),
        handler(pattern),
        duration(r->AddHistogram("prometheus_http_request_duration_seconds",
                                 "Histogram of latencies for HTTP requests.",
                                 {.1, .2, .4, 1, 3, 8, 20, 60, 120}, {{"handler", handler}})),
        size(r->AddHistogram("prometheus_http_response_size_bytes",
                             "Histogram of response size for HTTP requests.",
                             {100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}, {{"handler", handler}})) {
    CodeCounter(200);
  }

  metrics::Counter* CodeCounter(int code) {
    std::atomic<metrics::Counter*>& slot = by_code[static_cast<size_t>(code - kStatusMin)];
    metrics::Counter* counter = slot.load(std::memory_order_relaxed);
    if (counter == nullptr) {
      counter = registry->AddCounter("prometheus_http_requests_total", "Counter of HTTP requests.",
                                     {{"handler", handler}, {"code", std::to_string(code)}});
      slot.store(counter, std::memory_order_relaxed);
    }
    return counter;
  }

  void Observe(int code, double seconds, size_t bytes) {
    if (code >= kStatusMin && code < kStatusMax) CodeCounter(code)->Increment();
    duration->Observe(seconds);
    size->Observe(static_cast<double>(bytes));
  }

  metrics::Registry* const registry;
  const std::string handler;
  metrics::Histogram* const duration;
  metrics::Histogram* const size;
  std::array<std::atomic<metrics::Counter*>, kStatusMax - kStatusMin> by_code{};
};

Api::Api(ApiDependencies deps, Matcher cors_origin)
    : deps_(std::move(deps)),
      cors_origin_(std::move(cors_origin)),
      any_origin_(cors_origin_.value() == ".*"),
      label_answers_(deps_.memory) {
  for (const hearth::Route& route : Routes()) {
    metrics_.push_back(std::make_unique<RouteMetrics>(route.pattern, deps_.registry));
  }
}

Api::~Api() = default;

absl::StatusOr<std::unique_ptr<Api>> Api::Create(ApiDependencies deps) {
  absl::StatusOr<Matcher> origin = Matcher::Create(MatchOp::kRegex, "origin", deps.cors_origin);
  if (!origin.ok()) {
    return absl::InvalidArgumentError(
        StrCat("--web.cors.origin: ", FromAbsl(origin.status().message())));
  }
  return std::unique_ptr<Api>(new Api(std::move(deps), *std::move(origin)));
}

std::optional<std::string_view> Api::BelowPrefix(std::string_view path) const {
  const std::string& prefix = deps_.route_prefix;
  if (prefix == "/") return path;
  if (path == prefix) return "/";
  if (!path.starts_with(prefix) || path[prefix.size()] != '/') return std::nullopt;
  return path.substr(prefix.size());
}

http::Dispatch Api::Route(const http::Request& head) {
  const std::optional<std::string_view> path = BelowPrefix(head.path);
  std::string parameter;
  const hearth::Route* const route = path ? FindRoute(*path, &parameter) : nullptr;
  if (head.method == "OPTIONS" && path && path->starts_with("/api/v1/")) {
    return {.handle = [this](const http::Request& request) {
      http::Response response{.status = 204};
      AddCors(request, &response);
      return response;
    }};
  }
  if (route == nullptr) {
    return {.handle = [](const http::Request&) { return NotFound(); }};
  }
  const size_t row = static_cast<size_t>(route - Routes().data());
  const auto begin = std::chrono::steady_clock::now();
  if (std::optional<http::Response> answer = AtOnce(*route, parameter, head)) {
    return {.handle = [this, row, begin,
                       answer = *std::move(answer)](const http::Request& request) mutable {
      return Finish(row, request, begin, std::move(answer));
    }};
  }
  return {.lane = route->lane,
          .body_bytes_max = route->body_bytes_max,
          .handle = [this, row, parameter](const http::Request& request) {
            return Serve(row, parameter, request);
          }};
}

http::Response Api::Serve(size_t row, const std::string& parameter, const http::Request& request) {
  const auto begin = std::chrono::steady_clock::now();
  return Finish(row, request, begin, Call(Routes()[row], parameter, request));
}

http::Response Api::Finish(size_t row, const http::Request& request,
                           std::chrono::steady_clock::time_point begin, http::Response response) {
  if (Routes()[row].pattern.starts_with("/api/")) AddCors(request, &response);
  if (response.rest != nullptr) {
    response.rest = std::make_shared<ObservedSource>(
        std::move(response.rest), [metrics = metrics_[row].get(), begin, status = response.status,
                                   first = response.body.size()](size_t bytes) {
          metrics->Observe(status, SecondsSince(begin), first + bytes);
        });
  } else {
    metrics_[row]->Observe(response.status, SecondsSince(begin), response.body.size());
  }
  return response;
}

std::optional<http::Response> Api::AtOnce(const hearth::Route& route, const std::string& parameter,
                                          const http::Request& head) {
  if (route.at_once == nullptr || head.method != "GET" || head.target.size() > kAtOnceTargetMax ||
      head.headers.Has("Transfer-Encoding") || head.headers.Has("Content-Length") ||
      (route.needs_ready && deps_.readiness() != Readiness::kReady)) {
    return std::nullopt;
  }
  return route.at_once({deps_, label_answers_, head, head.query, parameter});
}

http::Response Api::Call(const hearth::Route& route, const std::string& parameter,
                         const http::Request& request) {
  if (!MethodAllowed(route.methods, request.method)) {
    http::Response response = http::Response::Text(405, "Method Not Allowed\n");
    response.headers.Set("Allow", MethodList(route.methods));
    return response;
  }
  if (route.needs_ready) {
    const Readiness readiness = deps_.readiness();
    if (readiness != Readiness::kReady) return NotReadyResponse(readiness);
  }
  absl::StatusOr<http::Params> params = MergedParams(request);
  if (!params.ok()) return ErrorResponse(params.status());
  return route.handler({deps_, label_answers_, request, *std::move(params), parameter});
}

void Api::AddCors(const http::Request& request, http::Response* response) const {
  response->headers.Add("Vary", "Origin");
  const std::string_view origin = request.headers.Get("Origin");
  if (origin.empty()) return;
  response->headers.Set("Access-Control-Allow-Headers",
                        "Accept, Authorization, Content-Type, Origin");
  response->headers.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS");
  response->headers.Set("Access-Control-Expose-Headers", "Date");
  if (any_origin_) {
    response->headers.Set("Access-Control-Allow-Origin", "*");
  } else if (cors_origin_.Matches(origin)) {
    response->headers.Set("Access-Control-Allow-Origin", origin);
  }
}

}  // namespace hearth
