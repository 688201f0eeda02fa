#include "scrape/scrape_loop.h"

#include <algorithm>

#include "model/status.h"
#include "model/text.h"

namespace hearth {
namespace {

constexpr TimeMs kAlignToleranceMs = 2;

size_t BodyLimit(const ScrapeConfig& config) {
  const int64_t limit = config.limits.body_size_limit.bytes;
  return limit > 0 ? static_cast<size_t>(limit) : kBodyBytesMax;
}

}  // namespace

TimeMs AlignedScrapeTime(TimeMs due_ms, TimeMs now_ms, TimeMs interval_ms) {
  const TimeMs late = now_ms - due_ms;
  return late >= 0 && late <= std::min(kAlignToleranceMs, interval_ms / 100) ? due_ms : now_ms;
}

ScrapeLoop::ScrapeLoop(std::string pool, Labels target_labels, Appendable* storage,
                       const ScrapeMetrics* metrics)
    : pool_(std::move(pool)),
      labels_(std::move(target_labels)),
      metrics_(metrics),
      writer_(storage, metrics, &metadata_, labels_) {}

ScrapeRequest ScrapeLoop::MakeRequest(const Scrape& scrape, std::string_view user_agent) {
  const PoolSettings& settings = *scrape.settings;
  ScrapeRequest request;
  request.url = scrape.target->url;
  request.timeout_ms = scrape.target->timeout_ms;
  request.body_bytes_max = BodyLimit(settings.config);
  request.follow_redirects = settings.config.http.follow_redirects;
  request.headers = {
      {"Accept", settings.accept},
      {"Accept-Encoding", settings.config.enable_compression ? "gzip" : "identity"},
      {"User-Agent", std::string(user_agent)},
      {"X-Prometheus-Scrape-Timeout-Seconds",
       StrCat(static_cast<double>(request.timeout_ms) / 1000)},
  };
  return request;
}

absl::Status ScrapeLoop::ReadBody(const PoolSettings& settings,
                                  absl::StatusOr<ScrapeResponse>* response) {
  if (!response->ok()) return response->status();
  if ((*response)->status != 200) {
    return absl::UnknownError(
        StrCat("server returned HTTP status ", (*response)->status, " ", (*response)->reason));
  }
  if ((*response)->inflate) HEARTH_RETURN_IF_ERROR((*response)->inflate(&(*response)->body));
  if ((*response)->body.size() > BodyLimit(settings.config)) {
    return absl::ResourceExhaustedError("body size limit exceeded");
  }
  return absl::OkStatus();
}

absl::StatusOr<const ExpositionFormat*> ScrapeLoop::UsableBody(
    const Scrape& scrape, absl::StatusOr<ScrapeResponse>* response) const {
  const absl::Status read = ReadBody(*scrape.settings, response);
  if (!read.ok() && scrape.failure_log != nullptr) {
    scrape.failure_log->Write({.t = scrape.started_ms,
                               .job = pool_,
                               .url = scrape.target->url,
                               .error = FromAbsl(read.message())});
  }
  HEARTH_RETURN_IF_ERROR(read);
  return FormatOfContent((*response)->content_type,
                         scrape.settings->config.fallback_scrape_protocol);
}

void ScrapeLoop::Complete(const Scrape& scrape, absl::StatusOr<ScrapeResponse> response) {
  if (settings_ != scrape.settings) {
    if (settings_ == nullptr || settings_->write_rules != scrape.settings->write_rules) {
      writer_.SetRules(scrape.settings->write_rules);
    }
    settings_ = scrape.settings;
  }
  ScrapeReport report;
  report.t = scrape.t;
  report.timeout_ms = scrape.target->timeout_ms;
  if (!scrape.forced_error.ok()) {
    report.error = scrape.forced_error;
  } else if (const auto format = UsableBody(scrape, &response); format.ok()) {
    report.format = *format;
    report.body = response->body;
  } else {
    report.error = format.status();
    if (absl::IsResourceExhausted(report.error)) metrics_->exceeded_body_size_limit->Increment();
  }
  report.duration_s =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - scrape.started).count();
  const absl::Status error = writer_.Write(report);

  MutexLock lock(&mu_);
  last_scrape_ms_ = scrape.started_ms;
  last_duration_s_ = report.duration_s;
  last_error_ = std::string(FromAbsl(error.message()));
  health_ = writer_.up() ? TargetHealth::kUp : TargetHealth::kDown;
}

void ScrapeLoop::End(TimeMs t) {
  if (!writer_.WriteEnd(t).ok()) metrics_->commit_failed->Increment();
}

TargetStatus ScrapeLoop::Status(const Target& target) const {
  TargetStatus status;
  status.discovered_labels = target.discovered_labels;
  status.labels = target.labels;
  status.scrape_pool = pool_;
  status.scrape_url = target.url;
  status.scrape_interval_ms = target.interval_ms;
  status.scrape_timeout_ms = target.timeout_ms;
  MutexLock lock(&mu_);
  status.last_error = last_error_;
  status.last_scrape_ms = last_scrape_ms_;
  status.last_scrape_duration_s = last_duration_s_;
  status.health = health_;
  return status;
}

}  // namespace hearth
