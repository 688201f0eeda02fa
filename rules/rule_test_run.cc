#include "rules/rule_test_run.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "config/duration.h"
#include "model/clock.h"
#include "model/status.h"
#include "model/text.h"
#include "query/engine.h"
#include "query/notation/histogram_text.h"
#include "query/notation/series_line.h"
#include "rules/group.h"
#include "rules/rule_test_report.h"
#include "rules/rule_test_storage.h"
#include "rules/template/time_text.h"

namespace hearth {
namespace {

std::string Quoted(std::string_view text) {
  std::string out;
  AppendQuoted(text, &out);
  return out;
}

TextPairs Sorted(const std::map<std::string, std::string>& texts) {
  return TextPairs(texts.begin(), texts.end());
}

promql::EngineOptions EngineOptionsFor(const RuleTestFile& file, const RuleTestOptions& options) {
  promql::EngineOptions engine;
  engine.parser = options.parser;
  engine.use_start_timestamps = options.parser.start_timestamps;
  engine.delayed_name_removal = options.delayed_name_removal;
  engine.default_subquery_step_ms = file.evaluation_interval_ms;
  engine.threads = 1;
  return engine;
}

// The labels of an expected sample.
absl::StatusOr<Labels> ParseLabelsText(std::string_view text) {
  if (text.find_first_not_of(" \t") == std::string_view::npos) return Labels();
  std::string_view rest;
  HEARTH_ASSIGN_OR_RETURN(Labels labels, promql::ParseMetric(text, &rest));
  if (rest.find_first_not_of(" \t") != std::string_view::npos)
    return absl::InvalidArgumentError(StrCat("unexpected ", Quoted(rest)));
  return labels;
}

// The literal of an expected histogram in the form in which histograms are compared; nothing of
// nothing.
absl::StatusOr<std::string> CanonicalHistogram(std::string_view literal) {
  if (literal.empty()) return std::string();
  HEARTH_ASSIGN_OR_RETURN(const promql::SeriesLine line,
                          promql::ParseSeriesLine(StrCat("{} ", literal)));
  if (line.values.size() != 1)
    return absl::InvalidArgumentError(StrCat("expected 1 value, got ", line.values.size()));
  if (!line.values[0].histogram)
    return absl::InvalidArgumentError(StrCat("expected histogram, got ", literal));
  return promql::HistogramLiteralText(*line.values[0].histogram);
}

class RuleTestRun {
 public:
  RuleTestRun(const RuleTestFile& file, const RuleTest& test, const RuleTestOptions& options)
      : file_(file),
        test_(test),
        options_(options),
        engine_(&storage_, &SystemClock::Get(), EngineOptionsFor(file, options)) {}

  std::vector<std::string> Run(const std::vector<RuleFile>& rules) {
    absl::Status ready = ParseInputs();
    if (ready.ok()) ready = MakeGroups(rules);
    if (ready.ok()) ready = ScheduleAlertTests();
    if (!ready.ok()) {
      Fail(FromAbsl(ready.message()));
      return errors_;
    }
    if (!Evaluate()) return errors_;
    if (const absl::Status all = AppendInputsTill(std::nullopt); !all.ok())
      Fail(FromAbsl(all.message()));
    for (const ExprTest& test : test_.exprs) CheckExpression(test);
    if (options_.debug != nullptr) Dump(*options_.debug);
    return errors_;
  }

 private:
  struct Input {
    std::vector<promql::SequenceValue> values;
    size_t next = 0;  // The first that is not visible yet.
  };

  void Fail(std::string_view text) { errors_.emplace_back(text); }

  absl::Status ParseInputs() {
    for (const RuleTestInput& input : test_.inputs) {
      HEARTH_ASSIGN_OR_RETURN(promql::SeriesLine line,
                              promql::ParseSeriesLine(StrCat(input.series, " ", input.values)));
      inputs_[line.labels] = {std::move(line.values), 0};  // The later of two lines counts.
    }
    return absl::OkStatus();
  }

  absl::Status MakeGroups(const std::vector<RuleFile>& rules) {
    GroupParts parts;
    parts.engine = &engine_;
    parts.storage = &storage_;
    parts.clock = &SystemClock::Get();
    GroupSettings settings;
    settings.interval_ms = test_.interval_ms;
    LabelsBuilder external_labels;
    for (const auto& [name, value] : test_.external_labels) external_labels.Set(name, value);
    settings.external_labels = external_labels.Build();
    settings.external_url = test_.external_url;
    for (const RuleFile& file : rules) {
      settings.file = file.path;
      for (const RuleGroupSpec& spec : file.groups) {
        HEARTH_ASSIGN_OR_RETURN(groups_.emplace_back(), Group::Make(spec, settings, parts));
      }
    }
    const auto rank = [this](const std::unique_ptr<Group>& group) {
      const auto& order = file_.group_eval_order;
      const auto it = std::find(order.begin(), order.end(), group->name());
      return it == order.end() ? 0 : 1 + (it - order.begin());
    };
    std::stable_sort(groups_.begin(), groups_.end(),
                     [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
    return absl::OkStatus();
  }

  absl::Status ScheduleAlertTests() {
    for (const AlertTest& test : test_.alerts) {
      if (test.alertname.empty()) {
        return absl::InvalidArgumentError(
            StrCat("an item under alert_rule_test misses required attribute alertname at "
                   "eval_time ",
                   FormatDuration(test.eval_time_ms),
                   test_.name.empty() ? "" : StrCat(" (in TestGroup ", test_.name, ")")));
      }
      alert_tests_.emplace(test.eval_time_ms, &test);
    }
    return absl::OkStatus();
  }

  // False when a rule failed, or an input could not be written.
  bool Evaluate() {
    const TimeMs last = test_.MaxEvalTime();
    for (TimeMs offset = 0; offset <= last; offset += file_.evaluation_interval_ms) {
      const TimeMs ts = test_.start_ms + offset;
      if (const absl::Status appended = AppendInputsTill(ts); !appended.ok()) {
        Fail(FromAbsl(appended.message()));
        return false;
      }
      if (!EvaluateGroups(ts, offset)) return false;
      const TimeMs next = offset + file_.evaluation_interval_ms;
      while (!alert_tests_.empty() && alert_tests_.begin()->first < next) {
        CheckAlerts(*alert_tests_.begin()->second);
        alert_tests_.erase(alert_tests_.begin());
      }
    }
    return true;
  }

  bool EvaluateGroups(TimeMs ts, TimeMs offset) {
    bool good = true;
    for (const std::unique_ptr<Group>& group : groups_) {
      group->Evaluate(ts);
      for (const std::unique_ptr<Rule>& rule : group->rules()) {
        const absl::Status status = rule->last_error();
        if (status.ok()) continue;
        good = false;
        Fail(StrCat("    rule: ", rule->name(),
                    ", time: ", gotemplate::DurationText(offset * 1'000'000),
                    ", err: ", FromAbsl(status.message())));
      }
    }
    return good;
  }

  // Makes the inputs' samples visible up to `ts`, inclusive; all without one.
  absl::Status AppendInputsTill(std::optional<TimeMs> ts) {
    const std::unique_ptr<Appender> appender = storage_.NewAppender();
    for (auto& [labels, input] : inputs_) {
      for (; input.next < input.values.size(); ++input.next) {
        const TimeMs t = test_.start_ms + static_cast<TimeMs>(input.next) * test_.interval_ms;
        if (ts && t > *ts) break;
        const promql::SequenceValue& value = input.values[input.next];
        if (value.omitted) continue;
        HEARTH_ASSIGN_OR_RETURN(const SeriesRef ref, appender->FindOrCreate(labels));
        if (value.histogram) {
          appender->AppendHistogram(ref, t, *value.histogram);
        } else {
          appender->Append(ref, {t, value.value});
        }
      }
    }
    HEARTH_ASSIGN_OR_RETURN(const CommitResult result, appender->Commit());
    if (!result.first_refusal) return absl::OkStatus();
    return absl::FailedPreconditionError(StrCat(result.first_refusal->labels.ToString(), ": ",
                                                AppendOutcomeText(result.first_refusal->outcome)));
  }

  std::vector<TestAlert> FiringAlerts(const std::string& alertname) const {
    std::vector<TestAlert> alerts;
    for (const std::unique_ptr<Group>& group : groups_) {
      for (const std::unique_ptr<Rule>& rule : group->rules()) {
        if (!rule->is_alert() || rule->name() != alertname) continue;
        for (AlertStatus& status : rule->Status().alerts) {
          if (status.state != AlertState::kFiring) continue;
          TestAlert& alert = alerts.emplace_back();
          for (const Label label : status.labels)
            alert.labels.emplace_back(label.name, label.value);
          alert.annotations = std::move(status.annotations);
        }
      }
    }
    std::sort(alerts.begin(), alerts.end());
    return alerts;
  }

  void CheckAlerts(const AlertTest& test) {
    std::vector<TestAlert> expected;
    for (const ExpectedAlert& alert : test.alerts) {
      std::map<std::string, std::string> labels(alert.labels.begin(), alert.labels.end());
      labels["alertname"] = test.alertname;
      expected.push_back(
          {Sorted(labels), Sorted({alert.annotations.begin(), alert.annotations.end()})});
    }
    std::sort(expected.begin(), expected.end());
    const std::vector<TestAlert> got = FiringAlerts(test.alertname);
    if (expected == got) return;
    constexpr std::string_view kIndent = "            ";
    const std::string what = StrCat(
        test_.name.empty() ? "" : StrCat("    name: ", test_.name, ",\n"),
        "    alertname: ", test.alertname, ", time: ", FormatDuration(test.eval_time_ms), ", \n");
    if (options_.diff) {
      Fail(StrCat(what, "        diff:\n", kIndent,
                  IndentLines(LineDiff(AlertsText(expected), AlertsText(got)), kIndent)));
      return;
    }
    Fail(StrCat(what, "        exp:", IndentLines(AlertsText(expected), kIndent),
                ", \n        got:", IndentLines(AlertsText(got), kIndent)));
  }

  static absl::StatusOr<std::vector<TestSample>> ExpectedSamples(const ExprTest& test) {
    std::vector<TestSample> samples;
    for (const ExpectedSample& sample : test.samples) {
      const absl::StatusOr<Labels> labels = ParseLabelsText(sample.labels);
      const absl::StatusOr<std::string> histogram = CanonicalHistogram(sample.histogram);
      for (const absl::Status& status : {labels.status(), histogram.status()}) {
        if (status.ok()) continue;
        return absl::InvalidArgumentError(
            StrCat("labels ", Quoted(sample.labels), ": ", FromAbsl(status.message())));
      }
      samples.push_back({*labels, sample.value, *histogram});
    }
    return samples;
  }

  void CheckExpression(const ExprTest& test) {
    const auto by_labels = [](const TestSample& a, const TestSample& b) {
      return a.labels < b.labels;
    };
    const std::string what =
        StrCat("    expr: ", Quoted(test.expr), ", time: ", FormatDuration(test.eval_time_ms), ",");
    absl::StatusOr<std::vector<RuleSample>> result =
        QueryVector(engine_, test.expr, test_.start_ms + test.eval_time_ms, {});
    if (!result.ok()) {
      Fail(StrCat(what, " err: ", FromAbsl(result.status().message())));
      return;
    }
    absl::StatusOr<std::vector<TestSample>> expected = ExpectedSamples(test);
    if (!expected.ok()) {
      Fail(StrCat(what, " err: ", FromAbsl(expected.status().message())));
      return;
    }
    std::vector<TestSample> got;
    for (RuleSample& sample : *result) {
      got.push_back(
          {std::move(sample.labels), sample.v,
           sample.histogram == nullptr ? "" : promql::HistogramLiteralText(*sample.histogram)});
    }
    std::stable_sort(expected->begin(), expected->end(), by_labels);
    std::stable_sort(got.begin(), got.end(), by_labels);
    if (SameSamples(*expected, got, file_.fuzzy_compare)) return;
    Fail(StrCat(what, "\n        exp: ", SamplesText(*expected),
                "\n        got: ", SamplesText(got)));
  }

  void Dump(std::ostream& out) const {
    const TimeMs whole_seconds = (test_.MaxEvalTime() / 1000 + 1) * 1000;
    out << "DEBUG: Dump of all data (input_series and rules) at "
        << gotemplate::DurationText(whole_seconds * 1'000'000) << ":\n";
    storage_.Dump(out);
  }

  const RuleTestFile& file_;
  const RuleTest& test_;
  const RuleTestOptions& options_;
  RuleTestStorage storage_;
  promql::Engine engine_;
  std::map<Labels, Input> inputs_;
  std::vector<std::unique_ptr<Group>> groups_;
  std::multimap<TimeMs, const AlertTest*> alert_tests_;  // By time; not yet compared.
  std::vector<std::string> errors_;
};

}  // namespace

std::vector<std::string> RunRuleTest(const RuleTestFile& file, const RuleTest& test,
                                     const std::vector<RuleFile>& rules,
                                     const RuleTestOptions& options) {
  return RuleTestRun(file, test, options).Run(rules);
}

}  // namespace hearth
