#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "api/v1/envelope.h"
#include "api/v1/handlers.h"
#include "api/v1/parameters.h"
#include "model/float_text.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth {
namespace {

// What a call wants to see of the rules.
struct RuleFilter {
  bool alerting = true, recording = true;
  bool alerts = true;                               // Of alerting rules.
  std::set<std::string_view> rules, groups, files;  // Empty: all.
  std::vector<std::vector<Matcher>> matchers;       // On the labels of the file; empty: all.

  bool Wants(const RuleGroupStatus& group) const {
    return (groups.empty() || groups.contains(group.name)) &&
           (files.empty() || files.contains(group.file));
  }
  bool Wants(const RuleStatus& rule) const;
};

// A page of the groups. No limit: all of them.
struct GroupPage {
  std::optional<size_t> limit;
  std::string_view token;  // Of the first group; empty: from the beginning.
};

std::string_view ValueOf(const TextPairs& labels, std::string_view name) {
  for (const auto& [label, value] : labels) {
    if (label == name) return value;
  }
  return {};
}

bool RuleFilter::Wants(const RuleStatus& rule) const {
  if (!(rule.is_alert ? alerting : recording)) return false;
  if (!rules.empty() && !rules.contains(rule.name)) return false;
  const auto matches = [&rule](const std::vector<Matcher>& set) {
    return std::all_of(set.begin(), set.end(), [&rule](const Matcher& matcher) {
      return matcher.Matches(ValueOf(rule.labels, matcher.name()));
    });
  };
  return matchers.empty() || std::any_of(matchers.begin(), matchers.end(), matches);
}

std::set<std::string_view> SetOf(const http::Params& params, std::string_view name) {
  const std::vector<std::string_view> values = params.GetAll(name);
  return {values.begin(), values.end()};
}

// As Go's strconv.ParseBool, after lowering the case.
absl::StatusOr<bool> BoolParam(const http::Params& params, std::string_view name) {
  const std::string text = absl::AsciiStrToLower(ToAbsl(params.Get(name)));
  if (text.empty() || text == "0" || text == "f" || text == "false") return false;
  if (text == "1" || text == "t" || text == "true") return true;
  return InvalidParameter(name, StrCat("error converting ", name, ": strconv.ParseBool: parsing \"",
                                       text, "\": invalid syntax"));
}

absl::StatusOr<RuleFilter> FilterOf(const http::Params& params) {
  RuleFilter filter;
  const std::string type = absl::AsciiStrToLower(ToAbsl(params.Get("type")));
  if (!type.empty() && type != "alert" && type != "record") {
    return InvalidParameter("type", StrCat("not supported value \"", type, "\""));
  }
  filter.alerting = type != "record";
  filter.recording = type != "alert";
  filter.rules = SetOf(params, "rule_name[]");
  filter.groups = SetOf(params, "rule_group[]");
  filter.files = SetOf(params, "file[]");
  HEARTH_ASSIGN_OR_RETURN(filter.matchers, MatchParam(params, /*required=*/false));
  HEARTH_ASSIGN_OR_RETURN(const bool exclude, BoolParam(params, "exclude_alerts"));
  filter.alerts = !exclude;
  return filter;
}

absl::StatusOr<GroupPage> PageOf(const http::Params& params) {
  GroupPage page;
  const std::string_view limit = params.Get("group_limit");
  page.token = params.Get("group_next_token");
  if (limit.empty()) {
    if (page.token.empty()) return page;
    return InvalidParameter("group_next_token",
                            "group_limit needs to be present in order to paginate over the groups");
  }
  int32_t count = 0;
  const auto read = std::from_chars(limit.data(), limit.data() + limit.size(), count);
  if (read.ec != std::errc() || read.ptr != limit.data() + limit.size()) {
    return InvalidParameter("group_limit",
                            StrCat("group_limit needs to be a valid number: strconv.ParseInt: "
                                   "parsing \"",
                                   limit, "\": ",
                                   read.ec == std::errc::result_out_of_range ? "value out of range"
                                                                             : "invalid syntax"));
  }
  if (count <= 0) {
    return InvalidParameter("group_limit", "group_limit needs to be greater than 0");
  }
  page.limit = static_cast<size_t>(count);
  return page;
}

// Stands for a group as long as it has its name.
std::string TokenOf(const RuleGroupStatus& group) {
  const Fingerprint hash = FingerprintOf(StrCat(group.file, ";", group.name));
  return absl::StrCat(absl::Hex(hash.hi, absl::kZeroPad16), absl::Hex(hash.lo, absl::kZeroPad16));
}

std::string Time(std::optional<TimeMs> t) { return FormatRfc3339(t.value_or(0)); }

void WriteTexts(const TextPairs& texts, JsonWriter* json) {
  json->BeginObject();
  for (const auto& [name, text] : texts) json->Key(name).String(text);
  json->EndObject();
}

void WriteAlert(const AlertStatus& alert, JsonWriter* json) {
  json->BeginObject();
  json->Key("labels").LabelSet(alert.labels);
  json->Key("annotations");
  WriteTexts(alert.annotations, json);
  json->Key("state").String(AlertStateText(alert.state));
  json->Key("activeAt").String(Time(alert.active_at_ms));
  if (alert.keep_firing_since_ms) {
    json->Key("keepFiringSince").String(Time(alert.keep_firing_since_ms));
  }
  json->Key("value").String(ExponentFloatText(alert.value));
  json->EndObject();
}

void WriteAlertingRule(const RuleStatus& rule, bool alerts, JsonWriter* json) {
  json->Key("state").String(AlertStateText(rule.state));
  json->Key("name").String(rule.name);
  json->Key("query").String(rule.query);
  json->Key("duration").Number(static_cast<double>(rule.for_ms) / 1000);
  json->Key("keepFiringFor").Number(static_cast<double>(rule.keep_firing_for_ms) / 1000);
  json->Key("labels");
  WriteTexts(rule.labels, json);
  json->Key("annotations");
  WriteTexts(rule.annotations, json);
  json->Key("alerts");
  if (!alerts) {
    json->Null();
    return;
  }
  json->BeginArray();
  for (const AlertStatus& alert : rule.alerts) WriteAlert(alert, json);
  json->EndArray();
}

void WriteRule(const RuleStatus& rule, bool alerts, JsonWriter* json) {
  json->BeginObject();
  if (rule.is_alert) {
    WriteAlertingRule(rule, alerts, json);
  } else {
    json->Key("name").String(rule.name);
    json->Key("query").String(rule.query);
    if (!rule.labels.empty()) {
      json->Key("labels");
      WriteTexts(rule.labels, json);
    }
  }
  json->Key("health").String(RuleHealthText(rule.health));
  if (!rule.last_error.empty()) json->Key("lastError").String(rule.last_error);
  json->Key("evaluationTime").Number(rule.evaluation_time_s);
  json->Key("lastEvaluation").String(Time(rule.last_evaluation_ms));
  json->Key("type").String(rule.is_alert ? "alerting" : "recording");
  json->EndObject();
}

void WriteGroup(const RuleGroupStatus& group, bool alerts, JsonWriter* json) {
  json->BeginObject();
  json->Key("name").String(group.name);
  json->Key("file").String(group.file);
  json->Key("rules").BeginArray();
  for (const RuleStatus& rule : group.rules) WriteRule(rule, alerts, json);
  json->EndArray();
  json->Key("interval").Number(static_cast<double>(group.interval_ms) / 1000);
  json->Key("limit").Int(group.limit);
  json->Key("evaluationTime").Number(group.evaluation_time_s);
  json->Key("lastEvaluation").String(Time(group.last_evaluation_ms));
  json->EndObject();
}

// The groups that stand on the page, without the rules that the filter leaves out; those that have
// none left do not count. `*next` is the token of the page after it, empty when there is none.
absl::StatusOr<std::vector<RuleGroupStatus>> Select(std::vector<RuleGroupStatus> groups,
                                                    const RuleFilter& filter, const GroupPage& page,
                                                    std::string* next) {
  auto group = groups.begin();
  if (!page.token.empty()) {
    group = std::find_if(groups.begin(), groups.end(), [&page](const RuleGroupStatus& candidate) {
      return TokenOf(candidate) == page.token;
    });
    if (group == groups.end()) {
      return InvalidParameter("group_next_token", StrCat("invalid group_next_token '", page.token,
                                                         "'. were rule groups changed?"));
    }
  }
  std::vector<RuleGroupStatus> selected;
  for (; group != groups.end(); ++group) {
    if (!filter.Wants(*group)) continue;
    std::erase_if(group->rules, [&filter](const RuleStatus& rule) { return !filter.Wants(rule); });
    if (group->rules.empty()) continue;
    if (page.limit && selected.size() == *page.limit) {
      *next = TokenOf(*group);
      break;
    }
    selected.push_back(std::move(*group));
  }
  return selected;
}

}  // namespace

http::Response HandleRules(const ApiCall& call) {
  const absl::StatusOr<RuleFilter> filter = FilterOf(call.params);
  if (!filter.ok()) return ErrorResponse(filter.status());
  const absl::StatusOr<GroupPage> page = PageOf(call.params);
  if (!page.ok()) return ErrorResponse(page.status());
  std::string next;
  const absl::StatusOr<std::vector<RuleGroupStatus>> groups =
      Select(call.deps.rules->RuleGroups(), *filter, *page, &next);
  if (!groups.ok()) return ErrorResponse(groups.status());
  Envelope envelope;
  JsonWriter& json = envelope.data();
  json.BeginObject().Key("groups").BeginArray();
  for (const RuleGroupStatus& group : *groups) WriteGroup(group, filter->alerts, &json);
  json.EndArray();
  if (!next.empty()) json.Key("groupNextToken").String(next);
  json.EndObject();
  return envelope.Finish();
}

http::Response HandleAlerts(const ApiCall& call) {
  Envelope envelope;
  JsonWriter& json = envelope.data();
  json.BeginObject().Key("alerts").BeginArray();
  for (const AlertStatus& alert : call.deps.rules->Alerts()) WriteAlert(alert, &json);
  json.EndArray().EndObject();
  return envelope.Finish();
}

}  // namespace hearth
