#include "tools/compliance/answers.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>

#include "model/text.h"

namespace hearth::compliance {
namespace {

using nlohmann::json;

constexpr double kTolerance = 1e-9;

bool SameValue(const json& a, const json& b) {
  if (a == b) return true;
  const double x = std::strtod(a.get<std::string>().c_str(), nullptr);
  const double y = std::strtod(b.get<std::string>().c_str(), nullptr);
  if (std::isnan(x) || std::isnan(y)) return std::isnan(x) && std::isnan(y);
  return std::fabs(x - y) <= kTolerance * std::max(std::fabs(x), std::fabs(y));
}

// A point is [time, "value"].
std::string PointDifference(const json& expected, const json& got) {
  if (expected[0] == got[0] && SameValue(expected[1], got[1])) return "";
  return StrCat("expected ", expected.dump(), ", got ", got.dump());
}

std::string SeriesDifference(const json& expected, const json& got) {
  if (expected.contains("value")) return PointDifference(expected["value"], got["value"]);
  const json& wanted = expected["values"];
  const json& values = got["values"];
  for (size_t i = 0; i < std::min(wanted.size(), values.size()); ++i) {
    if (std::string text = PointDifference(wanted[i], values[i]); !text.empty()) return text;
  }
  if (wanted.size() == values.size()) return "";
  return StrCat("expected ", wanted.size(), " points, got ", values.size());
}

std::map<std::string, const json*> ByLabels(const json& result) {
  std::map<std::string, const json*> series;
  for (const json& entry : result) series[entry["metric"].dump()] = &entry;
  return series;
}

std::string VectorDifference(const json& expected, const json& got) {
  const auto wanted = ByLabels(expected), found = ByLabels(got);
  for (const auto& [labels, series] : wanted) {
    const auto it = found.find(labels);
    if (it == found.end()) return StrCat("missing ", labels);
    if (std::string text = SeriesDifference(*series, *it->second); !text.empty()) {
      return StrCat(labels, ": ", text);
    }
  }
  for (const auto& [labels, series] : found) {
    if (!wanted.contains(labels)) return StrCat("unexpected ", labels);
  }
  return "";
}

}  // namespace

bool Succeeded(const json& answer) {
  return answer.is_object() && answer.value("status", "") == "success";
}

bool HasData(const json& answer) { return Succeeded(answer) && !answer["data"]["result"].empty(); }

std::string Difference(const json& expected, const json& got) {
  if (Succeeded(expected) != Succeeded(got)) {
    const json& failed = Succeeded(expected) ? got : expected;
    return StrCat(Succeeded(expected) ? "failed here only: " : "failed there only: ",
                  failed.dump());
  }
  if (!Succeeded(expected)) return "";
  const json& a = expected["data"];
  const json& b = got["data"];
  if (a["resultType"] != b["resultType"]) {
    return StrCat("expected a ", a["resultType"].dump(), ", got a ", b["resultType"].dump());
  }
  const bool series = a["resultType"] == "vector" || a["resultType"] == "matrix";
  return series ? VectorDifference(a["result"], b["result"])
                : PointDifference(a["result"], b["result"]);
}

}  // namespace hearth::compliance
