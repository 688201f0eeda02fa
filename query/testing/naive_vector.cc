// Vector matching and aggregation.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "absl/status/status.h"
#include "model/float_text.h"
#include "model/text.h"
#include "query/functions/spec.h"
#include "query/testing/naive.h"

namespace hearth::promql {
namespace {

// The labels that two sides must share.
Labels Signature(const Labels& labels, const VectorMatching& matching) {
  LabelsBuilder builder(labels);
  if (matching.on) return builder.Keep(matching.labels).Build();
  return builder.Drop(matching.labels).Del(kMetricNameLabel).Build();
}

NaiveVector SetOperation(BinaryOp op, const VectorMatching& matching, const NaiveVector& lhs,
                         const NaiveVector& rhs) {
  std::set<Labels> left, right;
  for (const NaiveRow& row : lhs) left.insert(Signature(row.labels, matching));
  for (const NaiveRow& row : rhs) right.insert(Signature(row.labels, matching));
  NaiveVector out;
  for (const NaiveRow& row : lhs) {
    const bool matched = right.count(Signature(row.labels, matching)) > 0;
    if (op == BinaryOp::kOr || matched == (op == BinaryOp::kAnd)) out.push_back(row);
  }
  for (const NaiveRow& row : rhs) {
    if (op == BinaryOp::kOr && left.count(Signature(row.labels, matching)) == 0) out.push_back(row);
  }
  return out;
}

Labels ResultLabels(const BinaryExpr& binary, const Labels& many, const Labels& one, bool drop_name,
                    bool delayed) {
  const VectorMatching& matching = *binary.matching;
  LabelsBuilder builder(drop_name && !delayed ? WithoutName(many) : many);
  if (matching.cardinality == MatchCardinality::kOneToOne) {
    if (matching.on)
      builder.Keep(matching.labels);
    else
      builder.Drop(matching.labels);
  }
  for (const std::string& name : matching.include) builder.Set(name, one.Get(name));
  return builder.Build();
}

struct Group {
  Labels labels;
  NaiveVector rows;
};

std::vector<Group> GroupRows(const AggregateExpr& aggregate, const NaiveVector& input) {
  std::map<Labels, Group> groups;
  std::vector<Labels> order;
  for (const NaiveRow& row : input) {
    LabelsBuilder builder(row.labels);
    if (aggregate.without)
      builder.Drop(aggregate.grouping).Del(kMetricNameLabel).Del("__type__").Del("__unit__");
    else
      builder.Keep(aggregate.grouping);
    const Labels key = builder.Build();
    if (groups.count(key) == 0) order.push_back(key);
    groups[key].labels = key;
    groups[key].rows.push_back(row);
  }
  std::vector<Group> out;
  for (const Labels& key : order) out.push_back(groups[key]);
  return out;
}

double Fold(std::string_view name, const NaiveVector& rows, double param) {
  std::vector<Sample> samples;
  std::vector<double> values;
  for (const NaiveRow& row : rows) {
    samples.push_back({0, row.v});
    values.push_back(row.v);
  }
  if (name == "quantile") return NaiveQuantile(param, values);
  if (name == "group") return 1;
  double out = 0;
  NaiveRangeFunction(StrCat(name, "_over_time"), NaiveRange{}, samples, {}, 0, &out);
  return out;
}

// NaN is the least of all for either direction.
NaiveVector Rank(const NaiveVector& rows, double k, bool largest) {
  NaiveVector sorted = rows;
  std::stable_sort(sorted.begin(), sorted.end(), [largest](const NaiveRow& a, const NaiveRow& b) {
    if (std::isnan(a.v) || std::isnan(b.v)) return !std::isnan(a.v) && std::isnan(b.v);
    return largest ? a.v > b.v : a.v < b.v;
  });
  if (!(k >= 1)) return {};
  if (k < static_cast<double>(sorted.size())) sorted.resize(static_cast<size_t>(k));
  return sorted;
}

}  // namespace

Labels WithoutName(const Labels& labels) {
  return LabelsBuilder(labels).Del(kMetricNameLabel).Del("__type__").Del("__unit__").Build();
}

absl::StatusOr<NaiveVector> NaiveMatch(const BinaryExpr& binary, const NaiveVector& lhs,
                                       const NaiveVector& rhs, bool delayed) {
  const VectorMatching& matching = *binary.matching;
  if (IsSetOperator(binary.op)) return SetOperation(binary.op, matching, lhs, rhs);
  if (lhs.empty() || rhs.empty()) return NaiveVector{};
  const bool swapped = matching.cardinality == MatchCardinality::kOneToMany;
  const NaiveVector& many = swapped ? rhs : lhs;
  const NaiveVector& one = swapped ? lhs : rhs;
  std::map<Labels, NaiveRow> ones;
  for (const NaiveRow& row : one) {
    if (!ones.emplace(Signature(row.labels, matching), row).second) {
      return absl::FailedPreconditionError("found duplicate series for the match group");
    }
  }
  const bool drop_name = !IsComparison(binary.op) || binary.return_bool;
  const bool one_to_one = matching.cardinality == MatchCardinality::kOneToOne;
  std::set<Labels> matched;
  std::map<Labels, std::set<Labels>> produced;
  NaiveVector out;
  for (const NaiveRow& row : many) {
    const Labels signature = Signature(row.labels, matching);
    const auto found = ones.find(signature);
    if (found == ones.end()) continue;
    // Judged before a comparison filters; many-to-one below, after it.
    if (one_to_one && !matched.insert(signature).second) {
      return absl::FailedPreconditionError(
          "multiple matches for labels: many-to-one matching must be explicit "
          "(group_left/group_right)");
    }
    const double a = swapped ? found->second.v : row.v, b = swapped ? row.v : found->second.v;
    NaiveRow result = row;
    if (IsComparison(binary.op)) {
      const bool keep = NaiveComparison(binary.op, a, b);
      if (!keep && !binary.return_bool) continue;
      result.v = binary.return_bool ? (keep ? 1 : 0) : a;
    } else {
      result.v = NaiveArithmetic(binary.op, a, b);
    }
    result.labels = ResultLabels(binary, row.labels, found->second.labels, drop_name, delayed);
    result.drop_name = drop_name || row.drop_name;
    if (!one_to_one && !produced[signature].insert(result.labels).second) {
      return absl::FailedPreconditionError(
          "multiple matches for labels: grouping labels must ensure unique matches");
    }
    out.push_back(result);
  }
  return out;
}

absl::StatusOr<NaiveVector> NaiveAggregate(const AggregateExpr& aggregate, const NaiveVector& input,
                                           double param, const std::string& label) {
  const std::string_view name = aggregate.aggregation->name;
  if (name == "limitk" || name == "limit_ratio")
    return absl::UnimplementedError(StrCat("no ", name, " here"));
  NaiveVector out;
  for (const Group& group : GroupRows(aggregate, input)) {
    if (name == "topk" || name == "bottomk") {
      const NaiveVector best = Rank(group.rows, param, name == "topk");
      out.insert(out.end(), best.begin(), best.end());
      continue;
    }
    NaiveRow row;
    row.labels = group.labels;
    row.drop_name = std::any_of(group.rows.begin(), group.rows.end(),
                                [](const NaiveRow& r) { return r.drop_name; });
    if (name == "count_values") {
      std::map<std::string, double> counts;
      for (const NaiveRow& r : group.rows) ++counts[FixedFloatText(r.v)];
      const bool taken_away =
          aggregate.without &&
          (label == kMetricNameLabel ||
           std::count(aggregate.grouping.begin(), aggregate.grouping.end(), label) > 0);
      if (taken_away) counts = {{"", static_cast<double>(group.rows.size())}};
      for (const auto& [text, count] : counts) {
        row.labels =
            taken_away ? group.labels : LabelsBuilder(group.labels).Set(label, text).Build();
        row.v = count;
        out.push_back(row);
      }
      continue;
    }
    row.v = Fold(name, group.rows, param);
    out.push_back(row);
  }
  return out;
}

}  // namespace hearth::promql
