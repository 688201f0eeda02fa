#include "server/query_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/time/time.h"
#include "api/v1/query_stats.h"
#include "model/text.h"

namespace hearth {
namespace {

std::string MillisecondTime(TimeMs t) {
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3SZ", absl::FromUnixMillis(t), absl::UTCTimeZone());
}

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

QueryLog::LogFile::~LogFile() { close(fd_); }

absl::StatusOr<std::unique_ptr<QueryLog::LogFile>> QueryLog::LogFile::Open(
    const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) {
    return absl::FailedPreconditionError(
        StrCat("query_log_file: open ", path, ": ", std::strerror(errno)));
  }
  return std::unique_ptr<LogFile>(new LogFile(fd));
}

absl::Status QueryLog::LogFile::Append(const std::string& line) {
  const ssize_t n = write(fd_, line.data(), line.size());
  if (n == static_cast<ssize_t>(line.size())) return absl::OkStatus();
  return absl::InternalError(StrCat("query log: wrote ", n, " of ", line.size(), " bytes"));
}

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
