#include "rules/alert_json.h"

#include "absl/time/time.h"
#include "model/json_string.h"

namespace hearth {
namespace {

void AppendLabels(const Labels& labels, std::string* out) {
  out->push_back('{');
  bool first = true;
  for (const auto& [name, value] : labels) {
    if (!first) out->push_back(',');
    first = false;
    AppendJsonString(name, out);
    out->push_back(':');
    AppendJsonString(value, out);
  }
  out->push_back('}');
}

void AppendTime(TimeMs t, std::string* out) {
  out->push_back('"');
  out->append(
      absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3SZ", absl::FromUnixMillis(t), absl::UTCTimeZone()));
  out->push_back('"');
}

void AppendAlert(const OutgoingAlert& alert, std::string* out) {
  out->append("{\"annotations\":");
  AppendLabels(alert.annotations, out);
  out->append(",\"endsAt\":");
  AppendTime(alert.ends_at_ms, out);
  out->append(",\"startsAt\":");
  AppendTime(alert.starts_at_ms, out);
  if (!alert.generator_url.empty()) {
    out->append(",\"generatorURL\":");
    AppendJsonString(alert.generator_url, out);
  }
  out->append(",\"labels\":");
  AppendLabels(alert.labels, out);
  out->push_back('}');
}

}  // namespace

std::string AlertsJson(const std::vector<std::shared_ptr<const OutgoingAlert>>& alerts) {
  std::string out = "[";
  for (const auto& alert : alerts) {
    if (out.size() > 1) out.push_back(',');
    AppendAlert(*alert, &out);
  }
  out.push_back(']');
  return out;
}

}  // namespace hearth
