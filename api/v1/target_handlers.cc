#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <set>
#include <tuple>

#include "api/v1/envelope.h"
#include "api/v1/handlers.h"
#include "api/v1/parameters.h"
#include "config/duration.h"
#include "model/status.h"
#include "model/text.h"
#include "query/parse/parser.h"

namespace hearth {
namespace {

std::string_view HealthText(TargetHealth health) {
  switch (health) {
    case TargetHealth::kUp:
      return "up";
    case TargetHealth::kDown:
      return "down";
    case TargetHealth::kUnknown:
      return "unknown";
  }
  return "unknown";
}

void WriteActiveTarget(const TargetStatus& target, JsonWriter* json) {
  json->BeginObject();
  json->Key("discoveredLabels").LabelSet(target.discovered_labels);
  json->Key("labels").LabelSet(target.labels);
  json->Key("scrapePool").String(target.scrape_pool);
  json->Key("scrapeUrl").String(target.scrape_url);
  json->Key("globalUrl").String(target.global_url);
  json->Key("lastError").String(target.last_error);
  json->Key("lastScrape").String(FormatRfc3339(target.last_scrape_ms));
  json->Key("lastScrapeDuration").Number(target.last_scrape_duration_s);
  json->Key("health").String(HealthText(target.health));
  json->Key("scrapeInterval").String(FormatDuration(target.scrape_interval_ms));
  json->Key("scrapeTimeout").String(FormatDuration(target.scrape_timeout_ms));
  json->EndObject();
}

// A count that is absent or negative (none) is no limit, as in Prometheus.
absl::StatusOr<size_t> CountParam(const http::Params& params, std::string_view name) {
  const std::string_view text = params.Get(name);
  if (text.empty()) return std::numeric_limits<size_t>::max();
  int64_t count = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), count);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) {
    return absl::InvalidArgumentError(StrCat(name, " must be a number"));
  }
  return count < 0 ? std::numeric_limits<size_t>::max() : static_cast<size_t>(count);
}

void WriteMetadataFields(const Metadata& metadata, JsonWriter* json) {
  json->Key("type").String(MetricTypeName(metadata.type));
  json->Key("help").String(metadata.help);
  json->Key("unit").String(metadata.unit);
}

}  // namespace

http::Response HandleTargets(const ApiCall& call) {
  const std::string_view pool = call.params.Get("scrapePool");
  const std::string_view state = call.params.Get("state");
  const bool any = state.empty() || http::EqualsIgnoreCase(state, "any");
  const bool active = any || http::EqualsIgnoreCase(state, "active");
  const bool dropped = any || http::EqualsIgnoreCase(state, "dropped");
  Envelope envelope;
  JsonWriter& json = envelope.data();
  json.BeginObject().Key("activeTargets").BeginArray();
  if (active) {
    for (const TargetStatus& target : call.deps.scrape->ActiveTargets()) {
      if (pool.empty() || target.scrape_pool == pool) WriteActiveTarget(target, &json);
    }
  }
  json.EndArray().Key("droppedTargets").BeginArray();
  if (dropped) {
    for (const DroppedTarget& target : call.deps.scrape->DroppedTargets()) {
      if (!pool.empty() && target.scrape_pool != pool) continue;
      json.BeginObject().Key("discoveredLabels").LabelSet(target.discovered_labels);
      json.Key("scrapePool").String(target.scrape_pool).EndObject();
    }
  }
  json.EndArray().Key("droppedTargetCounts").BeginObject();
  if (dropped) {
    // Of every pool, whichever is asked for, as in Prometheus.
    for (const auto& [name, count] : call.deps.scrape->DroppedTargetCounts()) {
      json.Key(name).Int(count);
    }
  }
  json.EndObject().EndObject();
  return envelope.Finish();
}

http::Response HandleTargetsMetadata(const ApiCall& call) {
  const absl::StatusOr<size_t> limit = CountParam(call.params, "limit");
  if (!limit.ok()) return ErrorResponse(limit.status());
  std::vector<Matcher> matchers;
  if (const std::string_view selector = call.params.Get("match_target"); !selector.empty()) {
    absl::StatusOr<std::vector<Matcher>> parsed = promql::ParseMetricSelector(selector);
    if (!parsed.ok()) {
      return ErrorResponse(InvalidParameter("match_target", FromAbsl(parsed.status().message())));
    }
    matchers = *std::move(parsed);
  }
  const std::string_view metric = call.params.Get("metric");
  Envelope envelope;
  JsonWriter& json = envelope.data();
  json.BeginArray();
  size_t written = 0;
  for (const TargetMetadata& entry : call.deps.scrape->TargetsMetadata(metric)) {
    if (written >= *limit) break;
    if (!MatchesAll(matchers, entry.target)) continue;
    json.BeginObject().Key("target").LabelSet(entry.target);
    if (metric.empty()) json.Key("metric").String(entry.metric);
    WriteMetadataFields(entry.metadata, &json);
    json.EndObject();
    ++written;
  }
  json.EndArray();
  return envelope.Finish();
}

http::Response HandleMetadata(const ApiCall& call) {
  const absl::StatusOr<size_t> limit = CountParam(call.params, "limit");
  if (!limit.ok()) return ErrorResponse(limit.status());
  const absl::StatusOr<size_t> per_metric = CountParam(call.params, "limit_per_metric");
  if (!per_metric.ok()) return ErrorResponse(per_metric.status());
  const auto less = [](const Metadata& a, const Metadata& b) {
    return std::tie(a.type, a.help, a.unit) < std::tie(b.type, b.help, b.unit);
  };
  std::map<std::string, std::set<Metadata, decltype(less)>> families;
  for (TargetMetadata& entry : call.deps.scrape->TargetsMetadata(call.params.Get("metric"))) {
    families.try_emplace(std::move(entry.metric), less)
        .first->second.insert(std::move(entry.metadata));
  }
  Envelope envelope;
  JsonWriter& json = envelope.data();
  json.BeginObject();
  size_t written = 0;
  for (const auto& [metric, variants] : families) {
    if (written++ >= *limit) break;
    json.Key(metric).BeginArray();
    size_t of_metric = 0;
    for (const Metadata& metadata : variants) {
      if (*per_metric > 0 && of_metric++ >= *per_metric) break;
      json.BeginObject();
      WriteMetadataFields(metadata, &json);
      json.EndObject();
    }
    json.EndArray();
  }
  json.EndObject();
  return envelope.Finish();
}

}  // namespace hearth
