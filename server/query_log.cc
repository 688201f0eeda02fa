#include "server/query_log.h"

#include <utility>

#include "api/v1/query_stats.h"
#include "model/text.h"

namespace hearth {
namespace {

std::string LineOf(const promql::QueryRequest& request, const promql::QueryStats& stats,
                   const absl::Status& status, TimeMs now) {
  std::string line;
  JsonWriter json(&line);
  json.BeginObject().Key("time").String(MillisecondTime(now)).Key("level").String("INFO");
  json.Key("msg").String("promql query logged").Key("params").BeginObject();
  json.Key("end").String(MillisecondTime(request.end_ms)).Key("query").String(request.query);
  json.Key("start").String(MillisecondTime(request.start_ms));
  json.Key("step").Int(request.step_ms / 1000).EndObject();
  if (!status.ok()) json.Key("error").String(FromAbsl(status.message()));
  json.Key("stats");
  WriteQueryStats(stats, request, &json);
  if (!request.origin.path.empty()) {
    json.Key("httpRequest").BeginObject().Key("clientIP").String(request.client);
    json.Key("method").String(request.origin.method).Key("path").String(request.origin.path);
    json.EndObject();
  }
  json.EndObject();
  line.push_back('\n');
  return line;
}

}  // namespace

QueryLog::QueryLog(metrics::Registry* registry)
    : enabled_(
          registry->AddGauge("prometheus_engine_query_log_enabled", "State of the query log.")),
      failures_(registry->AddCounter("prometheus_engine_query_log_failures_total",
                                     "The number of query log failures.")) {}

void QueryLog::Use(std::unique_ptr<LogFile> file) {
  MutexLock lock(&mu_);
  file_ = std::move(file);
  enabled_->Set(file_ != nullptr ? 1 : 0);
}

void QueryLog::Write(const promql::QueryRequest& request, const promql::QueryStats& stats,
                     const absl::Status& status, TimeMs now) {
  if (enabled_->value() == 0) return;
  const std::string line = LineOf(request, stats, status, now);
  MutexLock lock(&mu_);
  if (file_ != nullptr && !file_->Append(line).ok()) failures_->Increment();
}

}  // namespace hearth
