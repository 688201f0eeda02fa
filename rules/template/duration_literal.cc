#include "rules/template/duration_literal.h"

#include <algorithm>
#include <string>

#include "model/labels.h"
#include "model/text.h"

namespace hearth::gotemplate {
namespace {

struct Unit {
  std::string_view name;
  uint64_t ns;
};

// From the largest to the smallest, as they have to be written.
constexpr Unit kUnits[] = {
    {"y", 31'536'000'000'000'000},
    {"w", 604'800'000'000'000},
    {"d", 86'400'000'000'000},
    {"h", 3'600'000'000'000},
    {"m", 60'000'000'000},
    {"s", 1'000'000'000},
    {"ms", 1'000'000},
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string Quoted(std::string_view text) {
  std::string out;
  AppendQuoted(text, &out);
  return out;
}

absl::StatusOr<int64_t> ParsePositive(std::string_view text) {
  constexpr uint64_t kLimit = uint64_t{1} << 63;
  const auto invalid = [&] {
    return absl::InvalidArgumentError(StrCat("not a valid duration string: ", Quoted(text)));
  };
  if (text == "0") return 0;
  if (text.empty()) return absl::InvalidArgumentError("empty duration string");
  uint64_t total = 0;
  const Unit* smallest = std::begin(kUnits);  // That may come next.
  std::string_view rest = text;
  while (!rest.empty()) {
    const size_t digits =
        static_cast<size_t>(std::find_if_not(rest.begin(), rest.end(), IsDigit) - rest.begin());
    if (digits == 0) return invalid();
    uint64_t number = 0;
    for (const char c : rest.substr(0, digits)) {
      const auto digit = static_cast<uint64_t>(c - '0');
      if (number > (UINT64_MAX - digit) / 10) return invalid();
      number = number * 10 + digit;
    }
    rest.remove_prefix(digits);
    const size_t letters =
        static_cast<size_t>(std::find_if(rest.begin(), rest.end(), IsDigit) - rest.begin());
    if (letters == 0) return invalid();
    const std::string_view name = rest.substr(0, letters);
    rest.remove_prefix(letters);
    const Unit* unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                    [&](const Unit& u) { return u.name == name; });
    if (unit == std::end(kUnits)) {
      return absl::InvalidArgumentError(
          StrCat("unknown unit ", Quoted(name), " in duration ", Quoted(text)));
    }
    if (unit < smallest) return invalid();
    smallest = unit + 1;
    if (number > kLimit / unit->ns || total + number * unit->ns >= kLimit) {
      return absl::InvalidArgumentError("duration out of range");
    }
    total += number * unit->ns;
  }
  return static_cast<int64_t>(total);
}

}  // namespace

absl::StatusOr<int64_t> ParseDurationNs(std::string_view text) {
  if (!text.starts_with('-')) return ParsePositive(text);
  absl::StatusOr<int64_t> ns = ParsePositive(text.substr(1));
  if (ns.ok()) *ns = -*ns;
  return ns;
}

}  // namespace hearth::gotemplate
