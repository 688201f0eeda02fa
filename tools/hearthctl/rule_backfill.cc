#include "tools/hearthctl/rule_backfill.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <memory>
#include <set>

#include "config/config.h"
#include "model/labels.h"
#include "model/status.h"
#include "model/text.h"
#include "rules/schedule.h"
#include "tools/hearthctl/api_client.h"
#include "tools/hearthctl/exit_code.h"
#include "tsdb/db.h"

namespace hearth::hearthctl {
namespace {

// All rules get to the end of one such piece before the next, so that the storage can seal it.
constexpr TimeMs kPieceMs = 2 * 60 * 60 * 1000;
constexpr int64_t kMaxSteps = 10'000;  // Of one query; servers refuse more than 11 000.

// A recording rule and how far it is.
struct Backfill {
  std::string record, expr, where;
  RuleTexts labels;  // The group's, then its own.
  TimeMs interval_ms = 0;
  TimeMs next_ms = 0;  // The next evaluation.
  uint64_t samples = 0;
  std::set<Fingerprint> series;
  bool failed = false;
};

absl::StatusOr<double> ParseValue(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())
    return absl::UnknownError(StrCat("the server's answer has the value \"", text, "\""));
  return value;
}

Labels LabelsOf(const Backfill& rule, const nlohmann::json& metric) {
  LabelsBuilder labels;
  for (const auto& [name, value] : metric.items()) labels.Set(name, value.get<std::string>());
  labels.Set(kMetricNameLabel, rule.record);
  for (const auto& [name, value] : rule.labels) labels.Set(name, value);
  return labels.Build();
}

// Whether an answer of query_range has the form that it must have.
bool IsMatrix(const nlohmann::json& answer) {
  const nlohmann::json& data = answer.value("data", nlohmann::json());
  if (!data.is_object() || data.value("resultType", "") != "matrix") return false;
  const nlohmann::json& result = data.value("result", nlohmann::json());
  const auto is_point = [](const nlohmann::json& point) {
    return point.is_array() && point.size() == 2 && point[0].is_number() && point[1].is_string();
  };
  const auto is_series = [&](const nlohmann::json& series) {
    const nlohmann::json& metric = series.value("metric", nlohmann::json());
    const nlohmann::json& values = series.value("values", nlohmann::json::array());
    return metric.is_object() && values.is_array() &&
           std::all_of(metric.begin(), metric.end(), [](const auto& v) { return v.is_string(); }) &&
           std::all_of(values.begin(), values.end(), is_point);
  };
  return result.is_array() && std::all_of(result.begin(), result.end(), [&](const auto& series) {
           return series.is_object() && is_series(series);
         });
}

// Writes what a query gave. An error for the first sample that was refused.
absl::Status Write(const nlohmann::json& result, Appender& appender, Backfill* rule) {
  for (const nlohmann::json& series : result) {
    if (series.contains("histograms"))
      return absl::UnimplementedError("native histograms are not stored yet");
    const Labels labels = LabelsOf(*rule, series["metric"]);
    HEARTH_ASSIGN_OR_RETURN(const SeriesRef ref, appender.FindOrCreate(labels));
    rule->series.insert(labels.Fingerprint());
    for (const nlohmann::json& point : series["values"]) {
      HEARTH_ASSIGN_OR_RETURN(const double v, ParseValue(point[1].get_ref<const std::string&>()));
      appender.Append(ref, {std::llround(point[0].get<double>() * 1000), v});
    }
  }
  HEARTH_ASSIGN_OR_RETURN(const CommitResult committed, appender.Commit());
  rule->samples += committed.accepted();
  if (!committed.first_refusal) return absl::OkStatus();
  return absl::FailedPreconditionError(
      StrCat(committed.refused(), " samples refused, the first of ",
             committed.first_refusal->labels.ToString(), " at ", committed.first_refusal->t, ": ",
             AppendOutcomeText(committed.first_refusal->outcome)));
}

// Evaluates `rule` up to `end`, inclusive.
absl::Status Advance(TimeMs end, ApiClient& client, Db& db, Backfill* rule) {
  while (rule->next_ms <= end) {
    const TimeMs last = std::min(end, rule->next_ms + (kMaxSteps - 1) * rule->interval_ms);
    const auto seconds = [](TimeMs ms) {
      return StrCat(ms / 1000, ".", ms % 1000 / 100, ms % 100 / 10, ms % 10);
    };
    HEARTH_ASSIGN_OR_RETURN(
        const nlohmann::json answer,
        client.Ask("/api/v1/query_range", {{"query", rule->expr},
                                           {"start", seconds(rule->next_ms)},
                                           {"end", seconds(last)},
                                           {"step", seconds(rule->interval_ms)}}));
    if (!IsMatrix(answer)) return absl::UnknownError("the server's answer is no matrix");
    const std::unique_ptr<Appender> appender = db.NewAppender();
    HEARTH_RETURN_IF_ERROR(Write(answer["data"]["result"], *appender, rule));
    rule->next_ms += ((last - rule->next_ms) / rule->interval_ms + 1) * rule->interval_ms;
  }
  return absl::OkStatus();
}

// The recording rules of the files; empty when one is not good.
std::vector<Backfill> ReadRules(const RuleBackfillOptions& options,
                                const std::vector<std::string>& files,
                                std::vector<std::string>* errors) {
  std::vector<Backfill> rules;
  for (const std::string& path : files) {
    const absl::StatusOr<std::string> text = SystemEnvironment().read_file(path);
    if (!text.ok()) {
      errors->push_back(StrCat(path, ": ", FromAbsl(text.status().message())));
      continue;
    }
    for (const RuleGroupSpec& group : ParseRuleFile(path, *text, options.file, errors).groups) {
      const TimeMs interval = group.interval_ms.value_or(options.eval_interval_ms);
      // The next evaluation is the first one after the time that Schedule is given.
      const Schedule schedule(interval, GroupOffset(path, group.name, interval),
                              options.start_ms - 1);
      for (const RuleSpec& rule : group.rules) {
        if (rule.is_alert()) continue;
        Backfill& backfill = rules.emplace_back();
        backfill.record = rule.record;
        backfill.expr = rule.expr;
        backfill.where = StrCat(path, ", group ", group.name, ", rule ", rule.record);
        backfill.labels = group.labels;
        backfill.labels.insert(backfill.labels.end(), rule.labels.begin(), rule.labels.end());
        backfill.interval_ms = interval;
        backfill.next_ms = schedule.next_ms();
      }
    }
  }
  if (!errors->empty()) rules.clear();
  return rules;
}

absl::StatusOr<std::unique_ptr<Db>> OpenOutput(const std::string& path) {
  DbOptions options;
  options.path = path;
  options.retention_ms = 0;  // Whatever age: the server that opens it next has its own.
  // Series may be there already, with later samples.
  options.out_of_order_window_ms = std::numeric_limits<TimeMs>::max() / 4;
  return Db::Open(std::move(options));
}

}  // namespace

int BackfillRules(const RuleBackfillOptions& options, const std::vector<std::string>& files,
                  std::ostream& out, std::ostream& err) {
  std::vector<std::string> errors;
  std::vector<Backfill> rules = ReadRules(options, files, &errors);
  for (const std::string& error : errors) err << "rule importer parse error " << error << "\n";
  if (!errors.empty()) return kExitFailure;
  if (rules.empty()) {
    err << "hearthctl: the files have no recording rules\n";
    return kExitFailure;
  }
  absl::StatusOr<std::unique_ptr<Db>> db = OpenOutput(options.output_dir);
  if (!db.ok()) {
    err << "hearthctl: " << FromAbsl(db.status().message()) << "\n";
    return kExitFailure;
  }
  ApiClient client(options.url);
  bool failed = false;
  const auto fail = [&](std::string_view where, const absl::Status& status) {
    failed = true;
    err << "rule importer error: " << where << ": " << FromAbsl(status.message()) << "\n";
  };
  for (TimeMs piece = options.start_ms; piece <= options.end_ms; piece += kPieceMs) {
    const TimeMs end = std::min(options.end_ms, piece + kPieceMs - 1);
    for (Backfill& rule : rules) {
      if (rule.failed) continue;
      const absl::Status status = Advance(end, client, **db, &rule);
      rule.failed = !status.ok();
      if (rule.failed) fail(rule.where, status);
    }
  }
  if (const absl::Status status = (*db)->CompactAll(); !status.ok())
    fail(options.output_dir, status);
  if (const absl::Status status = (*db)->Close(); !status.ok()) fail(options.output_dir, status);
  if (!options.quiet) {
    for (const Backfill& rule : rules) {
      out << rule.where << ": " << rule.samples << " samples of " << rule.series.size()
          << " series\n";
    }
  }
  return failed ? kExitFailure : kExitSuccess;
}

}  // namespace hearth::hearthctl
