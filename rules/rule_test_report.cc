#include "rules/rule_test_report.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "model/text.h"

namespace hearth {
namespace {

template <typename Pairs>
std::string PairsText(const Pairs& pairs) {
  std::string out = "{";
  for (const auto& [name, value] : pairs) {
    if (out.size() > 1) out += ", ";
    if (IsLegacyLabelName(name)) {
      out += name;
    } else {
      AppendQuoted(name, &out);
    }
    out += "=";
    AppendQuoted(value, &out);
  }
  return out + "}";
}

// As Go's format 'E' with the shortest digits: 2.5E-07.
std::string ScientificText(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
  std::replace(text, end.ptr, 'e', 'E');
  return std::string(text, end.ptr);
}

bool Neighbours(double a, double b) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  return std::nextafter(a, kInf) == b || std::nextafter(a, -kInf) == b;
}

std::vector<std::string> Lines(std::string_view text) { return absl::StrSplit(ToAbsl(text), '\n'); }

}  // namespace

bool SameSamples(const std::vector<TestSample>& a, const std::vector<TestSample>& b, bool fuzzy) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [fuzzy](const TestSample& x, const TestSample& y) {
                      return x.labels == y.labels && x.histogram == y.histogram &&
                             (x.value == y.value || (fuzzy && Neighbours(x.value, y.value)));
                    });
}

std::string AlertsText(const std::vector<TestAlert>& alerts) {
  if (alerts.empty()) return "[]";
  std::string out = "[";
  for (size_t i = 0; i < alerts.size(); ++i) {
    StrAppend(&out, i == 0 ? "\n" : ",\n", i, ":\n  Labels:", PairsText(alerts[i].labels),
              "\n  Annotations:", PairsText(alerts[i].annotations));
  }
  return out + "\n]";
}

std::string SamplesText(const std::vector<TestSample>& samples) {
  if (samples.empty()) return "nil";
  std::string out;
  for (const TestSample& sample : samples) {
    TextPairs pairs;
    for (const Label label : sample.labels) pairs.emplace_back(label.name, label.value);
    StrAppend(&out, out.empty() ? "" : ", ", PairsText(pairs), " ",
              sample.histogram.empty() ? ScientificText(sample.value) : sample.histogram);
  }
  return out;
}

std::string IndentLines(std::string_view text, std::string_view indent) {
  return absl::StrReplaceAll(ToAbsl(text), {{"\n", StrCat("\n", indent)}});
}

std::string LineDiff(std::string_view from, std::string_view to) {
  const std::vector<std::string> a = Lines(from), b = Lines(to);
  // common[i][j]: the length of the longest common subsequence of a from i on and b from j on.
  std::vector<std::vector<size_t>> common(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = a.size(); i-- > 0;) {
    for (size_t j = b.size(); j-- > 0;) {
      common[i][j] =
          a[i] == b[j] ? common[i + 1][j + 1] + 1 : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  std::string out;
  size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    StrAppend(&out, out.empty() ? "" : "\n");
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      StrAppend(&out, "  ", a[i++]);
      ++j;
    } else if (j == b.size() || (i < a.size() && common[i + 1][j] >= common[i][j + 1])) {
      StrAppend(&out, "\x1b[31m- ", a[i++], "\x1b[0m");
    } else {
      StrAppend(&out, "\x1b[32m+ ", b[j++], "\x1b[0m");
    }
  }
  return out;
}

}  // namespace hearth
