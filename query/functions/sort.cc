// Functions that order an instant vector: sort, sort_desc, sort_by_label, sort_by_label_desc.
#include <cctype>
#include <cmath>
#include <string_view>

#include "query/functions/families.h"

namespace hearth::promql {
namespace {

using Args = std::span<const std::string>;

// NaN comes last in both directions.
bool Ascending(const OrderedRow& a, const OrderedRow& b, Args) {
  if (std::isnan(a.value) || std::isnan(b.value))
    return !std::isnan(a.value) && std::isnan(b.value);
  return a.value < b.value;
}
bool Descending(const OrderedRow& a, const OrderedRow& b, Args) {
  if (std::isnan(a.value) || std::isnan(b.value))
    return !std::isnan(a.value) && std::isnan(b.value);
  return a.value > b.value;
}

// Cuts the leading run of digits or of other characters off *s.
std::string_view NextRun(std::string_view* s) {
  const auto is_digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  size_t n = 0;
  while (n < s->size() && is_digit((*s)[n]) == is_digit((*s)[0])) ++n;
  const std::string_view run = s->substr(0, n);
  s->remove_prefix(n);
  return run;
}

std::string_view WithoutLeadingZeros(std::string_view digits) {
  while (digits.size() > 1 && digits[0] == '0') digits.remove_prefix(1);
  return digits;
}

// The natural order, where "node9" is before "node10". Negative, zero or positive.
int CompareNaturally(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    const bool numbers = std::isdigit(static_cast<unsigned char>(a[0])) &&
                         std::isdigit(static_cast<unsigned char>(b[0]));
    std::string_view x = NextRun(&a), y = NextRun(&b);
    if (numbers) {
      x = WithoutLeadingZeros(x);
      y = WithoutLeadingZeros(y);
      if (x.size() != y.size()) return x.size() < y.size() ? -1 : 1;
    }
    if (const int order = x.compare(y); order != 0) return order;
  }
  return a.empty() ? (b.empty() ? 0 : -1) : 1;
}

bool LabelsBefore(LabelsView a, LabelsView b, Args names) {
  for (const std::string& name : names) {
    if (const int order = CompareNaturally(a.Get(name), b.Get(name)); order != 0) return order < 0;
  }
  return Compare(a, b) < 0;
}
bool ByLabel(const OrderedRow& a, const OrderedRow& b, Args names) {
  return LabelsBefore(a.labels, b.labels, names);
}
bool ByLabelDescending(const OrderedRow& a, const OrderedRow& b, Args names) {
  return LabelsBefore(b.labels, a.labels, names);
}

constexpr Kernel Order(OrderFn fn) { return {.shape = Shape::kSort, .order = fn}; }
constexpr ValueType kByLabelArgs[] = {ValueType::kInstantVector, ValueType::kString};

constexpr FunctionSpec kFunctions[] = {
    {.name = "sort",
     .args = kVectorArg,
     .metric_name = MetricNameRule::kKeep,
     .kernel = Order(&Ascending),
     .summary = "Ordered by value, smallest first. Instant queries only.",
     .example = "sort(node_filesystem_free_bytes)"},
    {.name = "sort_by_label",
     .args = kByLabelArgs,
     .variadic = -1,
     .metric_name = MetricNameRule::kKeep,
     .experimental = true,
     .kernel = Order(&ByLabel),
     .summary =
         "Ordered by the values of labels, numbers inside them by size. Instant queries only.",
     .example = "sort_by_label(up, \"instance\")"},
    {.name = "sort_by_label_desc",
     .args = kByLabelArgs,
     .variadic = -1,
     .metric_name = MetricNameRule::kKeep,
     .experimental = true,
     .kernel = Order(&ByLabelDescending),
     .summary = "Ordered by the values of labels, last first. Instant queries only.",
     .example = "sort_by_label_desc(up, \"instance\")"},
    {.name = "sort_desc",
     .args = kVectorArg,
     .metric_name = MetricNameRule::kKeep,
     .kernel = Order(&Descending),
     .summary = "Ordered by value, largest first. Instant queries only.",
     .example = "sort_desc(node_filesystem_free_bytes)"},
};

}  // namespace

std::span<const FunctionSpec> SortFunctions() { return kFunctions; }

}  // namespace hearth::promql
