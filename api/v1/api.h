// api/v1/api.h
//
// Routes requests to handlers and does for all of them what none should do itself: readiness,
// methods, CORS, parameters, and the prometheus_http_* metrics.
//
// Thread safety: all methods may be called from any thread. Lifetime: outlives the server that uses
// its router.
#ifndef HEARTH_API_V1_API_H_
#define HEARTH_API_V1_API_H_

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "api/v1/dependencies.h"
#include "api/v1/label_answers.h"
#include "api/v1/route_table.h"
#include "http/server.h"
#include "model/matcher.h"

namespace hearth {

class Api {
 public:
  // kInvalidArgument when cors_origin is no regular expression.
  static absl::StatusOr<std::unique_ptr<Api>> Create(ApiDependencies deps);
  ~Api();

  // For http::Server::Start.
  http::Dispatch Route(const http::Request& head);

 private:
  struct RouteMetrics;
  Api(ApiDependencies deps, Matcher cors_origin);
  http::Response Serve(size_t route, const std::string& parameter, const http::Request& request);
  http::Response Call(const hearth::Route& route, const std::string& parameter,
                      const http::Request& request);
  // What the row's at_once gives for a request that has no body.
  std::optional<http::Response> AtOnce(const hearth::Route& route, const std::string& parameter,
                                       const http::Request& head);
  // Adds what every answer of the row has, and counts it.
  http::Response Finish(size_t route, const http::Request& request,
                        std::chrono::steady_clock::time_point begin, http::Response response);
  void AddCors(const http::Request& request, http::Response* response) const;
  // The path below the route prefix; nullopt when it is not below.
  std::optional<std::string_view> BelowPrefix(std::string_view path) const;

  const ApiDependencies deps_;
  const Matcher cors_origin_;
  const bool any_origin_;
  LabelAnswers label_answers_;
  std::vector<std::unique_ptr<RouteMetrics>> metrics_;  // By row of the route table.
};

}  // namespace hearth

#endif  // HEARTH_API_V1_API_H_
