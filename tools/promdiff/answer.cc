#include "tools/promdiff/answer.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "model/labels.h"
#include "model/text.h"
#include "nlohmann/json.hpp"
#include "spdlog/fmt/fmt.h"

namespace hearth::promdiff {
namespace {

using nlohmann::json;

constexpr double kRelative = 1e-9;
constexpr double kAbsolute = 1e-12;  // What is left of a sum that cancels.

std::string CanonicalLabels(const json& metric) {
  std::string text = "{";  // nlohmann keeps the names in order.
  for (const auto& [name, value] : metric.items()) {
    StrAppend(&text, name, "=");
    AppendQuoted(value.get_ref<const std::string&>(), &text);
    text += ",";
  }
  return text + "}";
}

std::string CanonicalLabels(LabelsView labels) {
  std::string text = "{";
  for (const Label& label : labels) {
    StrAppend(&text, label.name, "=");
    AppendQuoted(label.value, &text);
    text += ",";
  }
  return text + "}";
}

Point ToPoint(const json& pair) {
  Point point;
  point.t = std::llround(pair.at(0).get<double>() * 1000);
  point.text = pair.at(1).get<std::string>();
  // Go writes +Inf, -Inf and NaN, which strtod reads as well.
  point.v = std::strtod(point.text.c_str(), nullptr);
  return point;
}

void ReadData(const json& data, Answer* answer) {
  answer->type = data.at("resultType").get<std::string>();
  const json& result = data.at("result");
  if (answer->type == "string") {
    answer->string = "\"" + result.at(1).get<std::string>();
  } else if (answer->type == "scalar") {
    answer->series.push_back({"", {ToPoint(result)}});
  } else {
    for (const json& one : result) {
      AnswerSeries series{CanonicalLabels(one.at("metric")), {}};
      if (one.contains("value")) series.points.push_back(ToPoint(one["value"]));
      if (one.contains("values")) {
        for (const json& pair : one["values"]) series.points.push_back(ToPoint(pair));
      }
      answer->series.push_back(std::move(series));
    }
  }
  answer->ok = true;
}

bool Same(const Point& a, const Point& b, Closeness closeness) {
  if (std::isnan(a.v) && std::isnan(b.v)) return true;
  if (closeness != Closeness::kClose) {
    return SameBits(a.v, b.v) && (a.text == b.text || a.text.empty() || b.text.empty());
  }
  if (a.v == b.v) return true;
  if (std::isinf(a.v) || std::isinf(b.v) || std::isnan(a.v) || std::isnan(b.v)) return false;
  const double apart = std::abs(a.v - b.v);
  return apart <= kAbsolute || apart <= kRelative * std::max(std::abs(a.v), std::abs(b.v));
}

std::string Show(const Point& point) {
  return point.text.empty() ? fmt::format("{}", point.v) : point.text;
}

std::string PointsDiffer(const AnswerSeries& a, const AnswerSeries& b, Closeness closeness) {
  for (size_t i = 0; i < std::min(a.points.size(), b.points.size()); ++i) {
    const Point &x = a.points[i], &y = b.points[i];
    if (x.t != y.t) return fmt::format("{}: a point at {} for one at {}", a.labels, x.t, y.t);
    if (!Same(x, y, closeness))
      return fmt::format("{} at {}: {} for {}", a.labels, x.t, Show(x), Show(y));
  }
  if (a.points.size() == b.points.size()) return "";
  return fmt::format("{}: {} points for {}", a.labels, a.points.size(), b.points.size());
}

// All points, by time and value: what is left when labels are open. Equal values may be zeros of
// either sign.
std::string ValuesDiffer(const Answer& a, const Answer& b) {
  const auto all = [](const Answer& answer) {
    std::vector<std::pair<TimeMs, std::string>> points;
    for (const AnswerSeries& series : answer.series) {
      for (Point point : series.points) {
        if (point.v == 0) point = {point.t, 0, ""};
        points.emplace_back(point.t, Show(point));
      }
    }
    std::sort(points.begin(), points.end());
    return points;
  };
  return all(a) == all(b) ? "" : "the values differ, labels apart";
}

std::string OrderDiffers(const Answer& a, const Answer& b, Closeness closeness) {
  for (size_t i = 0; i < a.series.size(); ++i) {
    if (!Same(a.series[i].points.front(), b.series[i].points.front(), closeness)) {
      return fmt::format("at place {}: {} for {}", i, a.series[i].labels, b.series[i].labels);
    }
  }
  return "";
}

}  // namespace

Answer ParseAnswer(std::string body) {
  Answer answer;
  const json parsed = json::parse(body, nullptr, /*allow_exceptions=*/false);
  answer.error_type = "transport";
  answer.error = body.substr(0, 200);
  if (parsed.is_object()) {
    try {
      if (parsed.value("status", "") == "success") {
        ReadData(parsed.at("data"), &answer);
        answer.error_type.clear();
        answer.error.clear();
      } else {
        answer.error_type = parsed.at("errorType").get<std::string>();
        answer.error = parsed.at("error").get<std::string>();
      }
    } catch (const json::exception& bad) {
      answer.ok = false;
      answer.error = bad.what();
    }
  }
  answer.body = std::move(body);
  return answer;
}

Answer FromEngine(const absl::StatusOr<promql::QueryResult>& result, bool instant) {
  Answer answer;
  if (!result.ok()) {
    answer.error = std::string(result.status().message());
    return answer;
  }
  answer.ok = true;
  switch (result->type) {
    case promql::ValueType::kString:
      answer.type = "string";
      answer.string = "\"" + result->string;
      return answer;
    case promql::ValueType::kScalar:
      answer.type = "scalar";
      answer.series.push_back({"", {{0, result->scalar, ""}}});
      return answer;
    default:
      answer.type =
          instant && result->type == promql::ValueType::kInstantVector ? "vector" : "matrix";
  }
  for (const promql::ResultSeries& one : result->series) {
    AnswerSeries series{CanonicalLabels(one.labels), {}};
    for (const Sample& sample : one.floats) series.points.push_back({sample.t, sample.v, ""});
    answer.series.push_back(std::move(series));
  }
  return answer;
}

std::string Difference(const Answer& hearth, const Answer& other, Closeness closeness,
                       bool ordered) {
  if (hearth.ok != other.ok) {
    return hearth.ok ? "an answer for an error: " + other.error
                     : "an error for an answer: " + hearth.error;
  }
  if (!hearth.ok) {
    return hearth.error_type == other.error_type
               ? ""
               : fmt::format("an error of type {} ({}) for {} ({})", hearth.error_type,
                             hearth.error, other.error_type, other.error);
  }
  if (hearth.type != other.type) return "a " + hearth.type + " for a " + other.type;
  if (hearth.string != other.string) return hearth.string + " for " + other.string;
  if (closeness == Closeness::kValues) return ValuesDiffer(hearth, other);
  if (ordered && hearth.series.size() == other.series.size()) {
    const std::string order = OrderDiffers(hearth, other, closeness);
    if (!order.empty()) return order;
  }
  const auto sorted = [](const Answer& answer) {
    std::vector<const AnswerSeries*> series;
    for (const AnswerSeries& one : answer.series) series.push_back(&one);
    std::sort(series.begin(), series.end(),
              [](const auto* a, const auto* b) { return a->labels < b->labels; });
    return series;
  };
  const auto mine = sorted(hearth), theirs = sorted(other);
  for (size_t i = 0; i < std::min(mine.size(), theirs.size()); ++i) {
    if (mine[i]->labels != theirs[i]->labels)
      return fmt::format("{} for {}", mine[i]->labels, theirs[i]->labels);
    std::string points = PointsDiffer(*mine[i], *theirs[i], closeness);
    if (!points.empty()) return points;
  }
  if (mine.size() == theirs.size()) return "";
  return fmt::format("{} series for {}", mine.size(), theirs.size());
}

Answer AtStep(const Answer& range, TimeMs t) {
  Answer answer;
  answer.ok = range.ok;
  answer.type = "vector";
  for (const AnswerSeries& series : range.series) {
    for (const Point& point : series.points) {
      if (point.t == t) answer.series.push_back({series.labels, {point}});
    }
  }
  return answer;
}

}  // namespace hearth::promdiff
