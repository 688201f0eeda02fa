#include "query/testing/naive.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "model/status.h"
#include "model/text.h"
#include "query/functions/spec.h"
#include "query/parse/parser.h"
#include "re2/re2.h"

namespace hearth::promql {
namespace {

struct Value {
  ValueType type = ValueType::kNone;
  double scalar = 0;
  std::string string;
  NaiveVector vector;
  NaiveRange range;
};

Value ScalarValue(double v) { return {ValueType::kScalar, v, {}, {}, {}}; }
Value VectorValue(NaiveVector v) { return {ValueType::kInstantVector, 0, {}, std::move(v), {}}; }

const Expr& WithoutParens(const Expr& expr) {
  return expr.kind == ExprKind::kParen ? WithoutParens(*As<ParenExpr>(expr).expr) : expr;
}

absl::Status Duplicates() {
  return absl::FailedPreconditionError("vector cannot contain metrics with the same labelset");
}

bool HasDuplicates(const NaiveVector& vector) {
  std::set<Labels> seen;
  return !std::all_of(vector.begin(), vector.end(),
                      [&seen](const NaiveRow& row) { return seen.insert(row.labels).second; });
}

class Walker {
 public:
  Walker(const Queryable& storage, const EngineOptions& options, const QueryRequest& request)
      : storage_(storage), options_(options), request_(request) {}

  absl::StatusOr<Value> Eval(const Expr& expr, TimeMs t) {
    switch (expr.kind) {
      case ExprKind::kNumber:
        return ScalarValue(As<NumberLiteral>(expr).value);
      case ExprKind::kString: {
        Value value;
        value.type = ValueType::kString;
        value.string = As<StringLiteral>(expr).value;
        return value;
      }
      case ExprKind::kParen:
        return Eval(*As<ParenExpr>(expr).expr, t);
      case ExprKind::kVectorSelector:
        return Instant(As<VectorSelector>(expr), t);
      case ExprKind::kMatrixSelector:
        return Window(As<MatrixSelector>(expr), t);
      case ExprKind::kSubquery:
        return Subquery(As<SubqueryExpr>(expr), t);
      case ExprKind::kUnary:
        return Unary(As<UnaryExpr>(expr), t);
      case ExprKind::kBinary:
        return Binary(As<BinaryExpr>(expr), t);
      case ExprKind::kAggregate:
        return Aggregate(As<AggregateExpr>(expr), t);
      case ExprKind::kCall:
        return Function(As<Call>(expr), t);
      case ExprKind::kDuration:
        break;
    }
    return absl::InternalError("an expression that cannot stand alone");
  }

  // The name's removal that was put off, and the check that goes with it.
  absl::Status Finish(NaiveVector* vector) const {
    for (NaiveRow& row : *vector) {
      if (row.drop_name) row.labels = WithoutName(row.labels);
    }
    return HasDuplicates(*vector) ? Duplicates() : absl::OkStatus();
  }

 private:
  double DurationSeconds(const DurationExpr& d) const {
    const double a = d.lhs ? DurationSeconds(*d.lhs) : 0, b = d.rhs ? DurationSeconds(*d.rhs) : 0;
    switch (d.op) {
      case DurationOp::kLiteral:
        return d.literal_s;
      case DurationOp::kAdd:
        return a + b;
      case DurationOp::kSub:
        return a - b;
      case DurationOp::kMul:
        return a * b;
      case DurationOp::kDiv:
        return a / b;
      case DurationOp::kMod:
        return std::fmod(a, b);
      case DurationOp::kPow:
        return std::pow(a, b);
      case DurationOp::kNegate:
        return -b;
      case DurationOp::kStep:
        return static_cast<double>(request_.step_ms) / 1000;
      case DurationOp::kRange:
        return static_cast<double>(request_.end_ms - request_.start_ms) / 1000;
      case DurationOp::kMinOf:
        return std::min(a, b);
      case DurationOp::kMaxOf:
        return std::max(a, b);
    }
    return 0;
  }

  TimeMs Duration(const DurationValue& value) const {
    return value.expr ? std::llround(DurationSeconds(*value.expr) * 1000) : value.ms;
  }

  absl::StatusOr<TimeMs> PositiveDuration(const DurationValue& value) const {
    const TimeMs ms = Duration(value);
    if (ms <= 0) return absl::InvalidArgumentError("duration must be greater than 0");
    return ms;
  }

  TimeMs LookAt(const TimeModifier& time, TimeMs t) const {
    switch (time.at) {
      case AtKind::kNone:
        break;
      case AtKind::kTimestamp:
        t = time.at_ms;
        break;
      case AtKind::kStart:
        t = request_.start_ms;
        break;
      case AtKind::kEnd:
        t = request_.end_ms;
        break;
    }
    return t - Duration(time.offset);
  }

  // The float samples in (end - range_ms, end], stale markers included, of all matching series.
  absl::StatusOr<NaiveRange> Read(const VectorSelector& selector, TimeMs end,
                                  TimeMs range_ms) const {
    const TimeRange range{end - range_ms + 1, end};
    HEARTH_ASSIGN_OR_RETURN(const std::unique_ptr<Querier> querier, storage_.NewQuerier(range));
    const SelectRequest request{selector.matchers, range};
    HEARTH_ASSIGN_OR_RETURN(const auto sets, querier->Select(std::span(&request, 1)));
    NaiveRange out;
    out.window_end = end;
    out.range_ms = range_ms;
    for (size_t i = 0; i < sets[0]->size(); ++i) {
      SampleColumns columns;
      HEARTH_RETURN_IF_ERROR(sets[0]->Read(i, range, &columns));
      NaiveSeries series;
      series.labels = Labels(sets[0]->labels(i));
      for (size_t k = 0; k < columns.t.size(); ++k)
        series.samples.push_back({columns.t[k], columns.v[k]});
      out.series.push_back(std::move(series));
    }
    return out;
  }

  absl::StatusOr<Value> Instant(const VectorSelector& selector, TimeMs t) const {
    if (selector.mode != SelectorMode::kPlain)
      return absl::UnimplementedError("no anchored or smoothed selectors here");
    const TimeMs lookback = request_.lookback_delta_ms.value_or(options_.lookback_delta_ms);
    HEARTH_ASSIGN_OR_RETURN(const NaiveRange found,
                            Read(selector, LookAt(selector.time, t), lookback));
    NaiveVector out;
    for (const NaiveSeries& series : found.series) {
      if (series.samples.empty() || IsStaleNaN(series.samples.back().v)) continue;
      out.push_back({series.labels, series.samples.back().v, series.samples.back().t, false});
    }
    return VectorValue(std::move(out));
  }

  absl::StatusOr<Value> Window(const MatrixSelector& matrix, TimeMs t) const {
    if (matrix.selector->mode != SelectorMode::kPlain)
      return absl::UnimplementedError("no anchored or smoothed selectors here");
    HEARTH_ASSIGN_OR_RETURN(const TimeMs range_ms, PositiveDuration(matrix.range));
    Value value;
    value.type = ValueType::kRangeVector;
    HEARTH_ASSIGN_OR_RETURN(value.range,
                            Read(*matrix.selector, LookAt(matrix.selector->time, t), range_ms));
    for (NaiveSeries& series : value.range.series) {
      std::erase_if(series.samples, [](const Sample& s) { return IsStaleNaN(s.v); });
    }
    std::erase_if(value.range.series, [](const NaiveSeries& s) { return s.samples.empty(); });
    return value;
  }

  absl::StatusOr<Value> Subquery(const SubqueryExpr& subquery, TimeMs t) {
    HEARTH_ASSIGN_OR_RETURN(const TimeMs range_ms, PositiveDuration(subquery.range));
    TimeMs step = options_.default_subquery_step_ms;
    if (subquery.step.expr || subquery.step.ms != 0) {
      HEARTH_ASSIGN_OR_RETURN(step, PositiveDuration(subquery.step));
    }
    const TimeMs end = LookAt(subquery.time, t), start = end - range_ms;
    TimeMs first = start / step * step;
    while (first <= start) first += step;  // The first multiple of the step inside (start, end].
    std::map<Labels, NaiveSeries> series;
    std::vector<Labels> order;
    for (TimeMs at = first; at <= end; at += step) {
      HEARTH_ASSIGN_OR_RETURN(const Value value, Eval(*subquery.expr, at));
      for (const NaiveRow& row : value.vector) {
        if (series.count(row.labels) == 0) order.push_back(row.labels);
        NaiveSeries& s = series[row.labels];
        s.labels = row.labels;
        s.drop_name = s.drop_name || row.drop_name;
        s.samples.push_back({at, row.v});
      }
    }
    Value value;
    value.type = ValueType::kRangeVector;
    value.range.window_end = end;
    value.range.range_ms = range_ms;
    for (const Labels& labels : order) value.range.series.push_back(series[labels]);
    return value;
  }

  void DropName(NaiveRow* row) const {
    if (options_.delayed_name_removal) {
      row->drop_name = true;
    } else {
      row->labels = WithoutName(row->labels);
    }
  }

  // A vector out of an operation on values, whose rows must still be different.
  absl::StatusOr<Value> Checked(NaiveVector vector) const {
    if (!options_.delayed_name_removal && HasDuplicates(vector)) return Duplicates();
    return VectorValue(std::move(vector));
  }

  absl::StatusOr<Value> Unary(const UnaryExpr& unary, TimeMs t) {
    HEARTH_ASSIGN_OR_RETURN(Value value, Eval(*unary.expr, t));
    if (!unary.negate) return value;
    value.scalar = -value.scalar;
    for (NaiveRow& row : value.vector) {
      row.v = -row.v;
      DropName(&row);
    }
    if (value.type == ValueType::kScalar) return value;
    return Checked(std::move(value.vector));
  }

  absl::StatusOr<Value> Binary(const BinaryExpr& binary, TimeMs t) {
    if (binary.op >= BinaryOp::kTrimUpper) return absl::UnimplementedError("no trims here");
    HEARTH_ASSIGN_OR_RETURN(Value lhs, Eval(*binary.lhs, t));
    HEARTH_ASSIGN_OR_RETURN(Value rhs, Eval(*binary.rhs, t));
    const bool comparison = IsComparison(binary.op);
    if (binary.type == ValueType::kScalar) {
      if (comparison)
        return ScalarValue(NaiveComparison(binary.op, lhs.scalar, rhs.scalar) ? 1 : 0);
      return ScalarValue(NaiveArithmetic(binary.op, lhs.scalar, rhs.scalar));
    }
    if (binary.matching) {
      if (binary.matching->fill_left || binary.matching->fill_right)
        return absl::UnimplementedError("no fill here");
      HEARTH_ASSIGN_OR_RETURN(NaiveVector matched, NaiveMatch(binary, lhs.vector, rhs.vector,
                                                              options_.delayed_name_removal));
      return Checked(std::move(matched));
    }
    const bool vector_left = lhs.type == ValueType::kInstantVector;
    NaiveVector out;
    for (NaiveRow row : vector_left ? lhs.vector : rhs.vector) {
      const double a = vector_left ? row.v : lhs.scalar, b = vector_left ? rhs.scalar : row.v;
      if (comparison) {
        const bool keep = NaiveComparison(binary.op, a, b);
        if (!keep && !binary.return_bool) continue;
        if (binary.return_bool) row.v = keep ? 1 : 0;
      } else {
        row.v = NaiveArithmetic(binary.op, a, b);
      }
      if (!comparison || binary.return_bool) DropName(&row);
      out.push_back(std::move(row));
    }
    return Checked(std::move(out));
  }

  absl::StatusOr<Value> Aggregate(const AggregateExpr& aggregate, TimeMs t) {
    Value param;
    if (aggregate.param) {
      HEARTH_ASSIGN_OR_RETURN(param, Eval(*aggregate.param, t));
    }
    HEARTH_ASSIGN_OR_RETURN(const Value input, Eval(*aggregate.expr, t));
    HEARTH_ASSIGN_OR_RETURN(NaiveVector out,
                            NaiveAggregate(aggregate, input.vector, param.scalar, param.string));
    return VectorValue(std::move(out));
  }

  absl::StatusOr<Value> Function(const Call& call, TimeMs t) {
    const std::string_view name = call.function->name;
    if (name == "time") return ScalarValue(static_cast<double>(t) / 1000);
    if (name == "pi") return ScalarValue(M_PI);
    if (name == "absent" || name == "absent_over_time") return Absent(*call.args[0], t);
    if (name == "label_replace" || name == "label_join") return Relabel(call, t);
    std::vector<Value> args;
    std::vector<double> scalars;
    for (const ExprPtr& arg : call.args) {
      HEARTH_ASSIGN_OR_RETURN(args.emplace_back(), Eval(*arg, t));
      if (args.back().type == ValueType::kScalar) scalars.push_back(args.back().scalar);
    }
    if (name == "scalar") {
      return ScalarValue(args[0].vector.size() == 1 ? args[0].vector[0].v
                                                    : std::numeric_limits<double>::quiet_NaN());
    }
    if (name == "vector") return VectorValue({{Labels(), args[0].scalar, t, false}});
    if (name == "histogram_quantile") return Buckets(args[0].scalar, args[1].vector);
    if (name == "sort" || name == "sort_desc") {
      std::stable_sort(args[0].vector.begin(), args[0].vector.end(),
                       [desc = name == "sort_desc"](const NaiveRow& a, const NaiveRow& b) {
                         if (std::isnan(a.v) || std::isnan(b.v))
                           return !std::isnan(a.v) && std::isnan(b.v);
                         return desc ? a.v > b.v : a.v < b.v;
                       });
      return VectorValue(std::move(args[0].vector));
    }
    for (const Value& arg : args) {
      if (arg.type == ValueType::kRangeVector) return OverWindows(call, arg.range, scalars, t);
    }
    return Elementwise(call,
                       args.empty()
                           ? NaiveVector{{Labels(), static_cast<double>(t) / 1000, t, false}}
                           : args[0].vector,
                       scalars, t);
  }

  absl::StatusOr<Value> OverWindows(const Call& call, const NaiveRange& range,
                                    const std::vector<double>& scalars, TimeMs t) const {
    if (call.function->experimental && call.function->name != "mad_over_time")
      return absl::UnimplementedError(StrCat("no ", call.function->name, " here"));
    NaiveVector out;
    for (const NaiveSeries& series : range.series) {
      NaiveRow row{series.labels, 0, t, series.drop_name};
      if (!NaiveRangeFunction(call.function->name, range, series.samples, scalars, t, &row.v))
        continue;
      if (call.function->name != "last_over_time" && call.function->name != "first_over_time")
        DropName(&row);
      out.push_back(std::move(row));
    }
    return Checked(std::move(out));
  }

  absl::StatusOr<Value> Elementwise(const Call& call, const NaiveVector& input,
                                    const std::vector<double>& scalars, TimeMs t) const {
    const std::string_view name = call.function->name;
    const bool own_time =
        !call.args.empty() && WithoutParens(*call.args[0]).kind == ExprKind::kVectorSelector;
    if (name == "clamp" && scalars[0] > scalars[1]) return VectorValue({});
    NaiveVector out;
    for (NaiveRow row : input) {
      if (name == "timestamp") {
        row.v = static_cast<double>(own_time ? row.t : t) / 1000;
      } else if (!NaiveMathFunction(name, row.v, scalars, &row.v) &&
                 !NaiveDateFunction(name, row.v, &row.v)) {
        return absl::UnimplementedError(StrCat("no ", name, " here"));
      }
      DropName(&row);
      out.push_back(std::move(row));
    }
    return Checked(std::move(out));
  }

  absl::StatusOr<Value> Absent(const Expr& arg, TimeMs t) {
    HEARTH_ASSIGN_OR_RETURN(const Value value, Eval(arg, t));
    if (!value.vector.empty() || !value.range.series.empty()) return VectorValue({});
    const std::vector<Matcher>* matchers = nullptr;
    if (arg.kind == ExprKind::kVectorSelector) matchers = &As<VectorSelector>(arg).matchers;
    if (arg.kind == ExprKind::kMatrixSelector)
      matchers = &As<MatrixSelector>(arg).selector->matchers;
    LabelsBuilder builder;
    std::set<std::string> seen;
    for (size_t i = 0; matchers != nullptr && i < matchers->size(); ++i) {
      const Matcher& m = (*matchers)[i];
      if (m.name() == kMetricNameLabel) continue;
      // A label counts when one `=` alone says what it is.
      if (m.op() == MatchOp::kEqual && seen.insert(m.name()).second)
        builder.Set(m.name(), m.value());
      else
        builder.Del(m.name());
    }
    return VectorValue({{builder.Build(), 1, t, false}});
  }

  absl::StatusOr<Value> Relabel(const Call& call, TimeMs t) {
    HEARTH_ASSIGN_OR_RETURN(Value value, Eval(*call.args[0], t));
    std::vector<std::string> texts;
    for (size_t i = 1; i < call.args.size(); ++i)
      texts.push_back(As<StringLiteral>(WithoutParens(*call.args[i])).value);
    for (NaiveRow& row : value.vector) {
      LabelsBuilder builder(row.labels);
      if (call.function->name == "label_join") {
        std::string joined;
        for (size_t i = 2; i < texts.size(); ++i)
          joined += (i > 2 ? texts[1] : "") + std::string(row.labels.Get(texts[i]));
        builder.Set(texts[0], joined);
      } else {
        RE2::Options quiet;
        quiet.set_log_errors(false);
        const RE2 regex("^(?s:" + texts[3] + ")$", quiet);
        if (!regex.ok())
          return absl::FailedPreconditionError("invalid regular expression in label_replace()");
        std::string replaced(row.labels.Get(texts[2]));
        // The scripts and the generator use $1 only.
        if (!RE2::FullMatch(replaced, regex)) continue;
        std::string rewrite = texts[1];
        RE2::GlobalReplace(&rewrite, "\\$(\\d)", "\\\\\\1");
        RE2::Replace(&replaced, regex, rewrite);
        builder.Set(texts[0], replaced);
      }
      row.labels = builder.Build();
      if (texts[0] == kMetricNameLabel) row.drop_name = false;
    }
    if (HasDuplicates(value.vector)) return Duplicates();
    return value;
  }

  absl::StatusOr<Value> Buckets(double q, const NaiveVector& input) const {
    std::map<Labels, std::vector<std::pair<double, double>>> histograms;
    std::vector<NaiveRow> order;
    for (const NaiveRow& row : input) {
      double upper;
      const std::string le(row.labels.Get("le"));
      if (le == "+Inf")
        upper = std::numeric_limits<double>::infinity();
      else if (char* end; le.empty() || (upper = std::strtod(le.c_str(), &end), *end != '\0'))
        continue;
      NaiveRow key = row;
      key.labels = LabelsBuilder(row.labels).Del("le").Build();
      DropName(&key);
      if (histograms.count(key.labels) == 0) order.push_back(key);
      histograms[key.labels].emplace_back(upper, row.v);
    }
    for (NaiveRow& row : order) row.v = NaiveHistogramQuantile(q, histograms[row.labels]);
    return Checked(std::move(order));
  }

  const Queryable& storage_;
  const EngineOptions& options_;
  const QueryRequest& request_;
};

}  // namespace

absl::StatusOr<QueryResult> EvaluateNaively(const Queryable& storage, const EngineOptions& options,
                                            const QueryRequest& request) {
  HEARTH_ASSIGN_OR_RETURN(const ExprPtr expr, ParseExpr(request.query, options.parser));
  Walker walker(storage, options, request);
  QueryResult result;
  if (request.instant()) {
    HEARTH_ASSIGN_OR_RETURN(Value value, walker.Eval(*expr, request.start_ms));
    result.type = expr->type;
    result.scalar = value.scalar;
    result.string = value.string;
    HEARTH_RETURN_IF_ERROR(walker.Finish(&value.vector));
    for (const NaiveRow& row : value.vector)
      result.series.push_back({row.labels, {{request.start_ms, row.v}}, {}, {}});
    // An instant query for a range vector answers the samples themselves.
    for (const NaiveSeries& s : value.range.series) {
      result.series.push_back({s.drop_name ? WithoutName(s.labels) : s.labels, s.samples, {}, {}});
    }
    if (result.type == ValueType::kRangeVector) {
      std::sort(result.series.begin(), result.series.end(),
                [](const ResultSeries& a, const ResultSeries& b) { return a.labels < b.labels; });
    }
    return result;
  }
  if (expr->type != ValueType::kScalar && expr->type != ValueType::kInstantVector) {
    return absl::InvalidArgumentError("invalid expression type for range query");
  }
  std::map<Labels, std::vector<Sample>> series;
  for (TimeMs t = request.start_ms; t <= request.end_ms; t += request.step_ms) {
    HEARTH_ASSIGN_OR_RETURN(Value value, walker.Eval(*expr, t));
    if (value.type == ValueType::kScalar) value.vector = {{Labels(), value.scalar, t, false}};
    HEARTH_RETURN_IF_ERROR(walker.Finish(&value.vector));
    for (const NaiveRow& row : value.vector) series[row.labels].push_back({t, row.v});
  }
  result.type = ValueType::kRangeVector;
  for (auto& [labels, samples] : series)
    result.series.push_back({labels, std::move(samples), {}, {}});
  return result;
}

}  // namespace hearth::promql
