// Selectors, windows and times.
#include <algorithm>

#include "model/text.h"
#include "spdlog/fmt/fmt.h"
#include "tools/promdiff/grammar.h"

namespace hearth::promdiff {
namespace {

constexpr TimeMs kSecond = 1000, kMinute = 60 * kSecond;

// `1h30m`, `250ms`: what both dialects read.
std::string Duration(TimeMs ms) {
  std::string text;
  for (const auto& [unit, size] : {std::pair("h", 60 * kMinute), std::pair("m", kMinute),
                                   std::pair("s", kSecond), std::pair("ms", TimeMs{1})}) {
    if (ms < size) continue;
    text += fmt::format("{}{}", ms / size, unit);
    ms %= size;
  }
  return text;
}

std::string Quoted(std::string_view value) {
  std::string text;
  AppendQuoted(value, &text);
  return text;
}

}  // namespace

std::string_view Grammar::AnyMetric() {
  // Wild values make everything after them wild: fewer of them.
  const std::string_view metric = metrics_[Pick(metrics_.size())];
  return metric == "wild" && Chance(50) ? "g" : metric;
}

NodePtr Grammar::Matcher(std::string_view label, std::string_view value) {
  const std::string_view op = Choose("matcher", {"=", "!=", "=~", "!~"});
  const bool regex = op == "=~" || op == "!~";
  std::string text(value);
  if (regex) {
    const std::string first = value.substr(0, 1) == "+" ? "[+]" : std::string(value.substr(0, 1));
    text = One<std::string>(
        {first + ".*", "x|y", "[0-3]", ".+", "", "two.lines|plain", "h(0|1)", ".*"});
  } else if (op == "!=" || Chance(10)) {
    text = One<std::string>({"", "x", "nothing", "2"});
  }
  const std::string before = StrCat(label, op);
  auto node = Compose(ValueType::kNone, "matcher", {});
  node->parts = {regex && words_.version2
                     ? Part(StrCat(before, Quoted(text), ","),
                            StrCat(before, Quoted(StrCat("(?s:", text, ")")), ","))
                     : Part(StrCat(before, Quoted(text), ","))};
  node->optional = true;
  return node;
}

NodePtr Grammar::AnyMatchers(std::string_view metric) {
  std::vector<const DataSeries*> of_metric;
  for (const DataSeries& series : data_->series) {
    if (series.labels.MetricName() == metric) of_metric.push_back(&series);
  }
  std::vector<Part> parts = {"{"};
  std::vector<std::string> pinned;
  for (const DataSeries* series : of_metric) {
    std::string all = "{";
    for (const Label& label : series->labels) {
      if (label.name == kMetricNameLabel) continue;
      StrAppend(&all, label.name, "=", Quoted(label.value), ",");
    }
    pinned.push_back(all + "}");
  }
  const Labels& model = of_metric[Pick(of_metric.size())]->labels;
  for (const Label& label : model) {
    if (label.name != kMetricNameLabel && Chance(label.name == "job" ? 3 : 20)) {
      parts.emplace_back(Matcher(label.name, label.value));
    }
  }
  if (Chance(2)) parts.emplace_back(Matcher("absent", ""));
  parts.emplace_back("}");
  auto node = Compose(ValueType::kNone, "matchers", std::move(parts));
  node->simpler = std::move(pinned);
  return node;
}

NodePtr Grammar::SelectorOf(std::string_view metric, std::string_view mode) {
  std::vector<Part> parts;
  if (Chance(5)) {
    tally_->Count("matcher", "=");
    parts.emplace_back(fmt::format("{{__name__=\"{}\"}}", metric));
  } else {
    parts.emplace_back(std::string(metric));
    parts.emplace_back(AnyMatchers(metric));
  }
  if (!mode.empty()) parts.emplace_back(StrCat(" ", mode));
  parts.emplace_back(Modifiers());
  auto node = Compose(ValueType::kInstantVector, "selector", std::move(parts));
  node->facts.wild = metric == "wild";
  if (!mode.empty()) node->facts.comparable = false;
  return node;
}

NodePtr Grammar::Selector(Want) {
  if (Chance(4)) {
    tally_->Count("modifier", "smoothed");
    return SelectorOf(AnyMetric(), "smoothed");
  }
  return SelectorOf(AnyMetric(), "");
}

NodePtr Grammar::Buckets(Want want) {
  switch (Pick(5)) {
    case 0:
      return Vector(want);
    case 1:
      return SelectorOf("odd_bucket", "");
    case 2:
      return SelectorOf("h_bucket", "");
    default: {
      const std::string_view function = Choose("function", {"rate", "increase", "delta"});
      auto buckets =
          Compose(ValueType::kRangeVector, "range selector", {"h_bucket", Window(0), Modifiers()});
      if (data_->on_boundary) buckets->facts.comparable = false;
      auto node = Compose(ValueType::kInstantVector, std::string(function),
                          {StrCat(function, "("), NodePtr(buckets), ")"});
      ApplyTrait(function, node.get());
      return node;
    }
  }
}

NodePtr Grammar::InfoSelector(Want) {
  return Literal(ValueType::kNone, "info selector",
                 One<std::string>({"{version=~\".+\"}", "{}", "{version=\"1.9\"}",
                                   "{__name__=\"target_info\"}", "{absent=~\".*\"}"}));
}

NodePtr Grammar::Window(TimeMs extra_ms) {
  const TimeMs ms = One<TimeMs>({15, 30, 60, 95, 120, 300, 300, 450, 600, 1200, 3600}) * kSecond;
  const TimeMs hearth_ms = ms + extra_ms;
  // Prometheus 2 looks at [start, end], Prometheus 3 at (start, end].
  const TimeMs peer_ms = hearth_ms - (data_->on_boundary && words_.version2 ? 1 : 0);
  const std::string peer = "[" + Duration(peer_ms) + "]";
  const std::string_view form =
      Chance(75) ? "literal"
                 : Choose("duration", {"number", "arithmetic", "step()", "range()", "min_of()",
                                       "max_of()", "literal"});
  std::string text = Duration(hearth_ms);
  const std::string plain = text;
  bool needs_range = false;
  if (form == "literal") {
    tally_->Count("duration", "literal");
  } else if (form == "number") {
    text = fmt::format("{}.{:03}", hearth_ms / 1000, hearth_ms % 1000);
  } else if (form == "arithmetic") {
    text = Chance(50) ? plain + " + 1m - 60" : "2 * (" + plain + ") / 2";
  } else if (form == "min_of()") {
    text = "min_of(" + plain + ", 2h)";
  } else if (form == "max_of()") {
    text = "max_of(1s, " + plain + ")";
  } else {
    text = form == "step()" ? plain + " + step()" : "max_of(1m, range() / 2)";
    needs_range = true;
  }
  auto node = Compose(ValueType::kNone, "window", {});
  node->parts = {Part("[" + text + "]", peer)};
  node->facts.needs_range = needs_range;
  node->facts.comparable = !needs_range;
  return node;
}

NodePtr Grammar::Range(Want want) { return RangeOf("", want); }

NodePtr Grammar::RangeOf(std::string_view mode, Want want) {
  if (mode.empty() && want.depth > 0 && Chance(30)) return Subquery(want);
  const std::string_view metric = AnyMetric();
  std::vector<Part> parts = {std::string(metric), AnyMatchers(metric), Window(0)};
  if (!mode.empty()) parts.emplace_back(StrCat(" ", mode));
  parts.emplace_back(Modifiers());
  auto node = Compose(ValueType::kRangeVector, "range selector", std::move(parts));
  node->facts.wild = metric == "wild";
  if (!mode.empty()) node->facts.comparable = false;
  return node;
}

NodePtr Grammar::Subquery(Want want) {
  tally_->Count("modifier", "subquery");
  // The quarter second keeps the window's left end off the inner steps, where 2 and 3 differ.
  const TimeMs extra = data_->on_boundary ? 0 : 250;
  const TimeMs range = One<TimeMs>({60, 120, 300, 600, 1500}) * kSecond + extra;
  const TimeMs peer_range = range - (data_->on_boundary && words_.version2 ? 1 : 0);
  std::string step = Duration(One<TimeMs>({15, 30, 45, 60, 120}) * kSecond);
  if (Chance(30)) {
    step.clear();
    tally_->Count("modifier", "subquery without step");
  }
  auto node = Compose(ValueType::kRangeVector, "subquery",
                      {"(", Chance(10) ? Scalar(want.Below(false)) : Vector(want.Below(false)), ")",
                       Part(StrCat("[", Duration(range), ":", step, "]"),
                            StrCat("[", Duration(peer_range), ":", step, "]")),
                       Modifiers()});
  for (Part& part : node->parts) {
    if (part.child != nullptr && part.child->type == ValueType::kScalar) {
      part = Part(Compose(ValueType::kInstantVector, "vector", {"vector(", part.child, ")"}));
      tally_->Count("function", "vector");
    }
  }
  ApplyTrait("subquery", node.get());
  // Where such a subquery begins at the time of evaluation, an `@` in it looks beside its time, so
  // a step of a range does not do what an instant does.
  const Node& modifiers = *node->parts.back().child;
  const bool moves = Contains(modifiers, "offset") || Contains(modifiers, "at");
  if (moves && Contains(*node->parts[1].child, "at")) node->facts.needs_range = true;
  return node;
}

NodePtr Grammar::Offset() {
  const bool negative = Chance(40);
  tally_->Count("modifier", negative ? "offset -" : "offset");
  const std::string duration = Duration(One<TimeMs>({1, 30, 90, 300, 1800}) * kSecond);
  auto node = Compose(ValueType::kNone, "offset", {});
  const std::string plain = StrCat(" offset ", negative ? "-" : "", duration);
  if (!negative && Chance(20)) {
    // An unsigned parenthesis would go on behind the closing one: `offset (1m + 0s) * 2` is 2m.
    const std::string arithmetic =
        Chance(50) ? StrCat("+(", duration, " + 0s)") : StrCat("min_of(2h, ", duration, ")");
    node->parts = {Part(StrCat(" offset ", arithmetic), plain)};
  } else {
    node->parts = {Part(plain)};
  }
  node->optional = true;
  return node;
}

NodePtr Grammar::At() {
  const std::string_view kind = Choose("modifier", {"@ time", "@ start()", "@ end()"});
  auto node = Compose(ValueType::kNone, "at", {});
  if (kind == "@ time") {
    const TimeMs t = AnyTime();
    node->parts = {Part(fmt::format(" @ {}.{:03}", t / 1000, t % 1000))};
  } else {
    node->parts = {Part(StrCat(" ", kind))};
    node->facts.needs_range = true;
  }
  node->optional = true;
  return node;
}

NodePtr Grammar::Modifiers() {
  std::vector<Part> parts;
  const bool offset = Chance(15), at = Chance(10);
  if (offset) parts.emplace_back(Offset());
  if (at) parts.insert(Chance(50) ? parts.begin() : parts.end(), Part(At()));
  return Compose(ValueType::kNone, "modifiers", std::move(parts));
}

}  // namespace hearth::promdiff
