#include <utility>

#include "api/v1/envelope.h"
#include "api/v1/handlers.h"
#include "model/text.h"

namespace hearth {
namespace {

http::Response Redirect(std::string location) {
  http::Response response = http::Response::Text(302, "");
  response.headers.Set("Location", location);
  return response;
}

// "/x" below the route prefix.
std::string UnderPrefix(const ApiCall& call, std::string_view path) {
  const std::string& prefix = call.deps.route_prefix;
  return prefix == "/" ? std::string(path) : StrCat(prefix, path);
}

// The two rules of the lifecycle endpoints; true when the call may go on.
bool LifecycleAllowed(const ApiCall& call, http::Response* refusal) {
  if (call.request.method != "POST" && call.request.method != "PUT") {
    *refusal = http::Response::Text(405, "Only POST or PUT requests allowed");
    return false;
  }
  if (!call.deps.lifecycle) {
    *refusal = http::Response::Text(403, "Lifecycle API is not enabled.");
    return false;
  }
  return true;
}

}  // namespace

http::Response NotReadyResponse(Readiness readiness) {
  http::Response response = http::Response::Text(503, "Service Unavailable");
  response.headers.Set("X-Prometheus-Stopping",
                       readiness == Readiness::kStopping ? "true" : "false");
  return response;
}

http::Response HandleWrite(const ApiCall& call) {
  if (call.deps.remote_write == nullptr) {
    return http::Response::Text(404,
                                "remote write receiver needs to be enabled with "
                                "--web.enable-remote-write-receiver\n");
  }
  return call.deps.remote_write->Handle(call.request);
}

http::Response HandleHealthy(const ApiCall&) {
  return http::Response::Text(200, "Prometheus Server is Healthy.\n");
}

http::Response HandleReady(const ApiCall& call) {
  const Readiness readiness = call.deps.readiness();
  if (readiness != Readiness::kReady) return NotReadyResponse(readiness);
  return http::Response::Text(200, "Prometheus Server is Ready.\n");
}

http::Response HandleReload(const ApiCall& call) {
  http::Response refusal;
  if (!LifecycleAllowed(call, &refusal)) return refusal;
  const absl::Status status = call.deps.reload();
  if (status.ok()) return http::Response::Text(200, "");
  return http::Response::Text(
      500, StrCat("failed to reload config: ", FromAbsl(status.message()), "\n"));
}

http::Response HandleQuit(const ApiCall& call) {
  http::Response refusal;
  if (!LifecycleAllowed(call, &refusal)) return refusal;
  call.deps.quit();
  return http::Response::Text(200, "Requesting termination... Goodbye!");
}

http::Response HandleMetrics(const ApiCall& call) {
  http::Response response;
  response.headers.Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  call.deps.registry->Render(&response.body);
  return response;
}

http::Response HandleVersion(const ApiCall& call) {
  http::Response response;
  response.headers.Set("Content-Type", "application/json");
  JsonWriter json(&response.body);
  WriteBuildInfo(call.deps.build, &json);
  return response;
}

http::Response HandleRoot(const ApiCall& call) { return Redirect(UnderPrefix(call, "/query")); }

http::Response HandleGraph(const ApiCall& call) {
  const std::string& target = call.request.target;
  const size_t question = target.find('?');
  return Redirect(StrCat(UnderPrefix(call, "/query"),
                         question == std::string::npos ? "" : target.substr(question)));
}

http::Response HandleQueryPage(const ApiCall& call) {
  http::Response response;
  response.headers.Set("Content-Type", "text/html; charset=utf-8");
  const std::string api = UnderPrefix(call, "/api/v1/query");
  response.body = StrCat(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta "
      "charset=\"utf-8\"><title>Hearth</title></head>\n<body>\n"
      "<h1>Hearth</h1>\n<p>The user interface is not built yet. The answer below is the API's "
      "JSON.</p>\n"
      "<form action=\"",
      api,
      "\"><label>PromQL <input name=\"query\" size=\"80\" value=\"up\" autofocus></label> "
      "<button>Execute</button></form>\n<ul>\n");
  for (const char* path : {"/api/v1/targets", "/api/v1/status/tsdb", "/api/v1/status/config",
                           "/api/v1/status/flags", "/metrics"}) {
    const std::string link = UnderPrefix(call, path);
    StrAppend(&response.body, "<li><a href=\"", link, "\">", path, "</a></li>\n");
  }
  response.body.append("</ul>\n</body>\n</html>\n");
  return response;
}

}  // namespace hearth
