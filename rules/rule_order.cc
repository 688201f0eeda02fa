#include "rules/rule_order.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "model/matcher.h"
#include "model/text.h"
#include "query/functions/spec.h"
#include "query/parse/children.h"
#include "rules/alert_series.h"

namespace hearth {
namespace {

using promql::Expr;
using promql::ExprKind;

struct Reads {
  StringSet metrics;
  bool everything = false;
};

void AddSelector(const promql::VectorSelector& selector, Reads* reads) {
  for (const Matcher& matcher : selector.matchers) {
    if (matcher.name() == kMetricNameLabel && matcher.op() == MatchOp::kEqual) {
      reads->metrics.insert(matcher.value());
      return;
    }
  }
  reads->everything = true;
}

void AddReads(const Expr& expr, Reads* reads) {
  if (expr.kind == ExprKind::kVectorSelector) {
    AddSelector(promql::As<promql::VectorSelector>(expr), reads);
  } else if (expr.kind == ExprKind::kMatrixSelector) {
    AddSelector(*promql::As<promql::MatrixSelector>(expr).selector, reads);
  } else if (expr.kind == ExprKind::kCall &&
             promql::As<promql::Call>(expr).function->info_selector >= 0) {
    reads->everything = true;
  }
  promql::ForEachChild(expr, [reads](const Expr& child) { AddReads(child, reads); });
}

bool AsksQueries(const TextPairs& templates) {
  return std::any_of(templates.begin(), templates.end(), [](const auto& entry) {
    return entry.second.find("query") != std::string::npos;
  });
}

Reads ReadsOf(const Rule& rule) {
  Reads reads;
  AddReads(rule.expression().tree(), &reads);
  if (rule.is_alert()) {
    const RuleStatus status = rule.Status();
    reads.everything |= AsksQueries(status.labels) || AsksQueries(status.annotations);
  }
  return reads;
}

// The lowest batch that comes after those before it.
class Batches {
 public:
  size_t Place(const Rule& rule) {
    const Reads reads = ReadsOf(rule);
    // Alerting rules write the same metrics, but no common series unless they share a name.
    const std::string output = rule.is_alert() ? "alert " + rule.name() : rule.name();
    size_t batch = std::max(after_reader_of_all_, After(after_output_, output));
    if (reads.everything) batch = std::max(batch, after_any_writer_);
    for (const std::string& metric : reads.metrics) {
      batch = std::max(batch, After(after_writer_, metric));
    }
    ForEachMetric(rule, [&](std::string_view metric) {
      batch = std::max(batch, After(after_reader_, metric));
    });
    Note(rule, reads, output, batch + 1);
    return batch;
  }

 private:
  using AfterMap = StringMap<size_t>;

  static size_t After(const AfterMap& map, std::string_view name) {
    const auto it = map.find(name);
    return it == map.end() ? 0 : it->second;
  }
  static void Raise(AfterMap* map, std::string_view name, size_t after) {
    size_t& value = (*map)[name];
    value = std::max(value, after);
  }
  template <typename Fn>
  static void ForEachMetric(const Rule& rule, Fn fn) {
    if (rule.is_alert()) {
      fn(kAlertsMetric);
      fn(kAlertsForStateMetric);
    } else {
      fn(rule.name());
    }
  }

  void Note(const Rule& rule, const Reads& reads, const std::string& output, size_t after) {
    Raise(&after_output_, output, after);
    after_any_writer_ = std::max(after_any_writer_, after);
    ForEachMetric(rule, [&](std::string_view metric) { Raise(&after_writer_, metric, after); });
    for (const std::string& metric : reads.metrics) Raise(&after_reader_, metric, after);
    if (reads.everything) after_reader_of_all_ = std::max(after_reader_of_all_, after);
  }

  // The first batch after all rules so far that wrote, read, … it.
  AfterMap after_writer_, after_reader_, after_output_;
  size_t after_any_writer_ = 0, after_reader_of_all_ = 0;
};

}  // namespace

std::vector<std::vector<size_t>> IndependentBatches(
    const std::vector<std::unique_ptr<Rule>>& rules) {
  std::vector<std::vector<size_t>> batches;
  Batches places;
  for (size_t i = 0; i < rules.size(); ++i) {
    const size_t batch = places.Place(*rules[i]);
    if (batches.size() <= batch) batches.resize(batch + 1);
    batches[batch].push_back(i);
  }
  return batches;
}

}  // namespace hearth
