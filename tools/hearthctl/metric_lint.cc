#include "tools/hearthctl/metric_lint.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "model/labels.h"
#include "model/metadata.h"
#include "model/status.h"
#include "model/text.h"
#include "scrape/exposition/text_parser.h"

namespace hearth::hearthctl {
namespace {

// What an exposition says of one metric.
struct Family {
  MetricType type = MetricType::kUnknown;
  bool has_help = false;
  std::set<std::string> label_names;
  std::set<std::string> series;  // Label sets, to find what comes twice.
  size_t samples = 0;
  bool repeated = false;
};
using Families = std::map<std::string, Family>;
// Metric and what is wrong with it; sorted and without repetitions.
using Problems = std::set<std::pair<std::string, std::string>>;

constexpr std::string_view kBaseUnits[] = {"amperes", "bytes",   "celsius", "grams",
                                           "joules",  "kelvin",  "meters",  "metres",
                                           "moles",   "seconds", "volts"};
// Units that are said in another one.
constexpr std::pair<std::string_view, std::string_view> kOtherUnits[] = {
    {"minutes", "seconds"}, {"hours", "seconds"},  {"days", "seconds"},
    {"weeks", "seconds"},   {"kelvins", "kelvin"}, {"fahrenheit", "celsius"},
    {"rankine", "celsius"}, {"inches", "meters"},  {"yards", "meters"},
    {"miles", "meters"},    {"bits", "bytes"},     {"calories", "joules"},
    {"pounds", "grams"},    {"ounces", "grams"},
};
constexpr std::string_view kUnitPrefixes[] = {"pico", "nano",  "micro", "milli", "centi", "deci",
                                              "deca", "hecto", "kilo",  "kibi",  "mega",  "mibi",
                                              "giga", "gibi",  "tera",  "tebi",  "peta",  "pebi"};
constexpr std::string_view kUnitAbbreviations[] = {"s",  "ms", "us", "ns", "sec", "b", "kb",
                                                   "mb", "gb", "tb", "pb", "m",   "h", "d"};

bool EndsWith(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() && text.substr(text.size() - suffix.size()) == suffix;
}

// True when `name` has `_word_` inside or `_word` at its end.
bool HasWord(std::string_view name, std::string_view word) {
  const std::string middle = StrCat("_", word, "_");
  return name.find(middle) != std::string_view::npos || EndsWith(name, StrCat("_", word));
}

bool IsCamelCase(std::string_view name) {
  for (size_t i = 0; i + 1 < name.size(); ++i) {
    if (name[i] >= 'a' && name[i] <= 'z' && name[i + 1] >= 'A' && name[i + 1] <= 'Z') return true;
  }
  return false;
}

// The base unit of `word` when it is a unit that is none; otherwise "".
std::string_view BaseUnitOf(std::string_view word) {
  for (const auto& [unit, base] : kOtherUnits) {
    if (word == unit) return base;
  }
  for (const std::string_view base : kBaseUnits) {
    for (const std::string_view prefix : kUnitPrefixes) {
      if (word == StrCat(prefix, base)) return base;
    }
  }
  return {};
}

void LintUnits(const std::string& name, Problems* problems) {
  for (size_t at = 0; at <= name.size();) {
    const size_t end = std::min(name.find('_', at), name.size());
    const std::string word = name.substr(at, end - at);
    if (const std::string_view base = BaseUnitOf(word); !base.empty()) {
      problems->emplace(name, StrCat("use base unit \"", base, "\" instead of \"", word, "\""));
    }
    at = end + 1;
  }
  std::string lower = name;
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const std::string_view unit : kUnitAbbreviations) {
    if (HasWord(lower, unit))
      problems->emplace(name, "metric names should not contain abbreviated units");
  }
}

void LintType(const std::string& name, const Family& family, Problems* problems) {
  if (family.type == MetricType::kUnknown) return;
  const bool counter = family.type == MetricType::kCounter;
  const bool histogram = family.type == MetricType::kHistogram;
  const bool summary = family.type == MetricType::kSummary;
  const auto note = [&](bool wrong, std::string_view text) {
    if (wrong) problems->emplace(name, std::string(text));
  };
  const bool total = EndsWith(name, "_total");
  note(counter && !total, "counter metrics should have \"_total\" suffix");
  note(!counter && total, "non-counter metrics should not have \"_total\" suffix");
  note(!histogram && EndsWith(name, "_bucket"),
       "non-histogram metrics should not have \"_bucket\" suffix");
  for (const std::string_view suffix : {"_count", "_sum"}) {
    note(!histogram && !summary && EndsWith(name, suffix),
         StrCat("non-histogram and non-summary metrics should not have \"", suffix, "\" suffix"));
  }
  note(!histogram && family.label_names.count("le") > 0,
       "non-histogram metrics should not have \"le\" label");
  note(!summary && family.label_names.count("quantile") > 0,
       "non-summary metrics should not have \"quantile\" label");
  const std::string_view type = MetricTypeName(family.type);
  note(HasWord(name, type), StrCat("metric name should not include type '", type, "'"));
}

Problems Lint(const Families& families) {
  Problems problems;
  for (const auto& [name, family] : families) {
    const auto note = [&, &metric = name](bool wrong, std::string_view text) {
      if (wrong) problems.emplace(metric, std::string(text));
    };
    note(!family.has_help, "no help text");
    note(family.repeated, "metric not unique");
    note(name.find(':') != std::string::npos, "metric names should not contain ':'");
    note(IsCamelCase(name), "metric names should be written in 'snake_case' not 'camelCase'");
    for (const std::string& label : family.label_names) {
      note(IsCamelCase(label), "label names should be written in 'snake_case' not 'camelCase'");
    }
    LintUnits(name, &problems);
    LintType(name, family, &problems);
  }
  return problems;
}

// The family that a sample belongs to: its name, without the suffix that its type gives it.
std::string FamilyOf(const std::string& name, const Families& families) {
  for (const std::string_view suffix : {"_bucket", "_count", "_sum"}) {
    if (!EndsWith(name, suffix)) continue;
    const std::string base = name.substr(0, name.size() - suffix.size());
    const auto it = families.find(base);
    if (it == families.end()) continue;
    const bool summary = it->second.type == MetricType::kSummary && suffix != "_bucket";
    if (it->second.type == MetricType::kHistogram || summary) return base;
  }
  return name;
}

absl::StatusOr<Families> ReadFamilies(std::string_view text) {
  Families families;
  TextParser parser(text);
  for (auto entry = parser.Next(); entry != TextParser::Entry::kEnd; entry = parser.Next()) {
    if (entry == TextParser::Entry::kError) return parser.status();
    if (entry == TextParser::Entry::kType)
      families[std::string(parser.family())].type = parser.type();
    if (entry == TextParser::Entry::kHelp)
      families[std::string(parser.family())].has_help = !parser.text().empty();
    if (entry != TextParser::Entry::kSample) continue;
    LabelsBuilder labels;
    if (!parser.ScanSeries() || !parser.ReadValue() || !parser.AppendLabels(&labels))
      return parser.status();
    Family& family = families[FamilyOf(std::string(labels.Get("__name__")), families)];
    labels.ForEach([&](std::string_view name, std::string_view) {
      if (name != "__name__") family.label_names.emplace(name);
    });
    ++family.samples;
    if (!family.series.insert(labels.Build().ToString()).second) family.repeated = true;
  }
  for (auto it = families.begin(); it != families.end();)
    it = it->second.samples == 0 ? families.erase(it) : std::next(it);
  // A label that its type gives a family is none of its own.
  for (auto& [name, family] : families) {
    if (family.type == MetricType::kHistogram) family.label_names.erase("le");
    if (family.type == MetricType::kSummary) family.label_names.erase("quantile");
  }
  return families;
}

void PrintCardinality(const Families& families, std::ostream& out) {
  size_t total = 0, width = std::string_view("Metric").size();
  std::vector<std::pair<size_t, std::string_view>> rows;
  for (const auto& [name, family] : families) {
    total += family.samples;
    width = std::max(width, name.size());
    rows.emplace_back(family.samples, name);
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  const auto print = [&](std::string_view name, std::string_view count, std::string_view percent) {
    out << name << std::string(width + 4 - name.size(), ' ') << count
        << std::string(count.size() < 15 ? 15 - count.size() : 1, ' ') << percent << "\n";
  };
  print("Metric", "Cardinality", "Percentage");
  for (const auto& [count, name] : rows) {
    char percent[32];
    std::snprintf(percent, sizeof(percent), "%.2f%%",
                  100.0 * static_cast<double>(count) / static_cast<double>(total));
    print(name, StrCat(count), percent);
  }
  print("Total", StrCat(total), "100%");
}

}  // namespace

int CheckMetrics(const MetricCheckOptions& options, std::string_view text, std::ostream& out,
                 std::ostream& err) {
  const absl::StatusOr<Families> families = ReadFamilies(text);
  if (!families.ok()) {
    err << "error while linting: " << FromAbsl(families.status().message()) << "\n";
    return 1;
  }
  const Problems problems = options.lint ? Lint(*families) : Problems();
  for (const auto& [metric, problem] : problems) err << metric << " " << problem << "\n";
  if (options.extended) PrintCardinality(*families, out);
  return problems.empty() ? 0 : 3;
}

}  // namespace hearth::hearthctl
