#include "rules/alerting_rule.h"

#include "model/status.h"
#include "model/text.h"
#include "rules/alert_series.h"
#include "rules/for_state.h"

namespace hearth {
namespace {

// Query parameters as Go's url.QueryEscape writes them.
std::string QueryEscape(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out.push_back(c);
    } else if (c == ' ') {
      out.push_back('+');
    } else {
      out.push_back('%');
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    }
  }
  return out;
}

// What the `query` function of a template calls.
gotemplate::QueryFn TemplateQuery(const RuleEvaluation& at) {
  return [at](const std::string& expr) -> absl::StatusOr<std::vector<gotemplate::Sample>> {
    HEARTH_ASSIGN_OR_RETURN(std::vector<RuleSample> samples,
                            QueryVector(*at.engine, expr, at.ts, at.cancelled));
    std::vector<gotemplate::Sample> result;
    result.reserve(samples.size());
    for (RuleSample& sample : samples) {
      result.push_back({std::move(sample.labels), gotemplate::Value::Float(sample.v)});
    }
    return result;
  };
}

bool HasAction(std::string_view text) { return text.find("{{") != std::string_view::npos; }

}  // namespace

std::string TableLink(std::string_view expr) {
  return StrCat("/graph?g0.expr=", QueryEscape(expr), "&g0.tab=1");
}

AlertingRule::AlertingRule(RuleExpression expression, AlertingRuleOptions options)
    : Rule(options.name, std::move(expression), options.labels),
      options_(std::move(options)),
      generator_url_(options_.external_url + TableLink(this->expression().text())) {}

absl::StatusOr<std::unique_ptr<AlertingRule>> AlertingRule::Make(RuleExpression expression,
                                                                 AlertingRuleOptions options) {
  std::unique_ptr<AlertingRule> rule(new AlertingRule(std::move(expression), std::move(options)));
  HEARTH_RETURN_IF_ERROR(rule->ParseTexts(rule->options_.labels, &rule->label_texts_));
  HEARTH_RETURN_IF_ERROR(rule->ParseTexts(rule->options_.annotations, &rule->annotation_texts_));
  return rule;
}

absl::Status AlertingRule::ParseTexts(const TextPairs& templates, std::vector<Text>* texts) {
  for (const auto& [label, text] : templates) {
    Text& parsed = texts->emplace_back();
    parsed.name = label;
    if (!HasAction(text)) {
      parsed.literal = text;
      continue;
    }
    HEARTH_ASSIGN_OR_RETURN(gotemplate::Expander expander,
                            gotemplate::Expander::Parse("__alert_" + name(), text));
    parsed.expander = std::make_unique<const gotemplate::Expander>(std::move(expander));
  }
  return absl::OkStatus();
}

void AlertingRule::SetRestored(bool restored) {
  MutexLock lock(&mu_);
  restored_ = restored;
}

absl::StatusOr<std::vector<RuleSample>> AlertingRule::Evaluate(const RuleEvaluation& at) {
  HEARTH_ASSIGN_OR_RETURN(std::vector<RuleSample> value,
                          expression().Evaluate(*at.engine, at.sample_time(), at.cancelled));
  HEARTH_ASSIGN_OR_RETURN(ActiveAlerts::Map seen, MakeAlerts(at, std::move(value)));
  std::vector<RuleSample> samples;
  MutexLock lock(&mu_);
  active_.Update(std::move(seen), at.ts, options_.for_ms, options_.keep_firing_for_ms);
  const int64_t active = active_.CountActive();
  if (at.limit > 0 && active > at.limit) {
    active_.Clear();
    return absl::ResourceExhaustedError(
        StrCat("exceeded limit of ", at.limit, " with ", active, " alerts"));
  }
  if (!restored_) return samples;
  for (const auto& [fingerprint, alert] : active_.alerts()) {
    if (alert.state != AlertState::kInactive) AddSamples(alert, &samples);
  }
  return samples;
}

absl::StatusOr<ActiveAlerts::Map> AlertingRule::MakeAlerts(const RuleEvaluation& at,
                                                           std::vector<RuleSample> samples) const {
  ActiveAlerts::Map alerts;
  if (samples.empty()) return alerts;
  const gotemplate::Environment environment = {TemplateQuery(at), at.ts, options_.external_url};
  for (const RuleSample& sample : samples) {
    ActiveAlert alert = MakeAlert(sample, at.ts, environment);
    const Fingerprint fingerprint = alert.labels.Fingerprint();
    if (!alerts.try_emplace(fingerprint, std::move(alert)).second) {
      return absl::FailedPreconditionError(
          "vector contains metrics with the same labelset after applying alert labels");
    }
  }
  return alerts;
}

ActiveAlert AlertingRule::MakeAlert(const RuleSample& sample, TimeMs ts,
                                    const gotemplate::Environment& environment) const {
  const gotemplate::AlertData data = {sample.labels, options_.external_labels,
                                      gotemplate::Value::Float(sample.v)};
  LabelsBuilder builder(sample.labels);
  builder.Del(kMetricNameLabel);
  for (const Text& text : label_texts_) builder.Set(text.name, Expand(text, data, environment));
  builder.Set(kAlertNameLabel, name());
  ActiveAlert alert;
  alert.labels = builder.Build();
  alert.annotations.reserve(annotation_texts_.size());
  for (const Text& text : annotation_texts_) {
    alert.annotations.emplace_back(text.name, Expand(text, data, environment));
  }
  alert.active_at_ms = ts;
  alert.value = sample.v;
  return alert;
}

std::string AlertingRule::Expand(const Text& text, const gotemplate::AlertData& data,
                                 const gotemplate::Environment& environment) const {
  absl::StatusOr<std::string> result =
      text.expander == nullptr ? text.literal : text.expander->Expand(data, environment);
  if (options_.expanded) options_.expanded(result.ok());
  if (result.ok()) return *std::move(result);
  if (options_.warn) {
    options_.warn(StrCat("Expanding alert template failed: ", result.status().message()));
  }
  return StrCat("<error expanding template: ", result.status().message(), ">");
}

// Labels of the rule that expanded to nothing are there as they stand in the file, as in
// Prometheus.
void AlertingRule::AddSamples(const ActiveAlert& alert, std::vector<RuleSample>* samples) const {
  LabelsBuilder builder;
  for (const auto& [label, text] : labels()) builder.Set(label, text);
  for (const Label label : alert.labels) builder.Set(label.name, label.value);
  builder.Set(kMetricNameLabel, kAlertsForStateMetric);
  RuleSample for_state{builder.Build(), static_cast<double>(FloorToSeconds(alert.active_at_ms)),
                       nullptr};
  builder.Set(kMetricNameLabel, kAlertsMetric);
  builder.Set(kAlertStateLabel, AlertStateText(alert.state));
  samples->push_back({builder.Build(), 1, nullptr});
  samples->push_back(std::move(for_state));
}

std::vector<OutgoingAlert> AlertingRule::TakeDue(TimeMs ts, TimeMs resend_delay_ms,
                                                 TimeMs interval_ms) {
  MutexLock lock(&mu_);
  return active_.TakeDue(ts, resend_delay_ms, interval_ms, generator_url_);
}

absl::Status AlertingRule::Restore(const Queryable& storage, TimeMs ts,
                                   const RestoreOptions& options) {
  absl::StatusOr<ForStates> states = ForStates();
  if (options_.for_ms >= options.grace_period_ms) {
    states = ReadForStates(storage, name(), {ts - options.outage_tolerance_ms, ts});
  }
  MutexLock lock(&mu_);
  restored_ = true;
  HEARTH_RETURN_IF_ERROR(states.status());
  for (auto& [fingerprint, alert] : active_.alerts()) {
    const auto state = states->find(alert.labels);
    if (state == states->end()) continue;
    alert.active_at_ms =
        RestoredActiveAt(state->second, ts, options_.for_ms, options.grace_period_ms);
  }
  return absl::OkStatus();
}

void AlertingRule::TakeAlertsOf(const AlertingRule& other) {
  ActiveAlerts alerts;
  bool restored;
  {
    MutexLock lock(&other.mu_);
    alerts = other.active_;
    restored = other.restored_;
  }
  MutexLock lock(&mu_);
  active_.Add(alerts);
  restored_ = restored_ && restored;
}

std::vector<AlertStatus> AlertingRule::Alerts() const {
  MutexLock lock(&mu_);
  return active_.Status();
}

RuleStatus AlertingRule::Status() const {
  RuleStatus status = Rule::Status();
  status.for_ms = options_.for_ms;
  status.keep_firing_for_ms = options_.keep_firing_for_ms;
  status.annotations = options_.annotations;
  MutexLock lock(&mu_);
  if (status.last_evaluation_ms) status.state = active_.State();
  status.alerts = active_.Status();
  return status;
}

}  // namespace hearth
