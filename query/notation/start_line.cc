// Start timestamps as scripts write them.
#include <algorithm>
#include <charconv>
#include <string>
#include <system_error>

#include "absl/status/status.h"
#include "model/status.h"
#include "model/text.h"
#include "query/notation/series_line.h"
#include "query/parse/literals.h"

namespace hearth::promql {
namespace {

constexpr size_t kMaxValues = 1'000'000;

absl::Status Bad(std::string_view item) {
  return absl::InvalidArgumentError(StrCat("bad start timestamp: \"", item, "\""));
}

// A signed duration off the front.
bool TakeOffset(std::string_view* text, TimeMs* offset) {
  const bool sign = text->starts_with('-') || text->starts_with('+');
  const bool negative = text->starts_with('-');
  if (sign) text->remove_prefix(1);
  const size_t end = std::min(text->find_first_of("+-x"), text->size());
  const absl::StatusOr<TimeMs> ms = ParseDurationMs(text->substr(0, end));
  if (!ms.ok()) return false;
  *offset = negative ? -*ms : *ms;
  text->remove_prefix(end);
  return true;
}

// `x12`, or nothing.
bool ParseTimes(std::string_view text, size_t* times) {
  if (text.empty()) return true;
  if (text.front() != 'x') return false;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + 1, end, *times);
  return error == std::errc() && rest == end && *times <= kMaxValues;
}

absl::Status AppendItem(std::string_view item, std::vector<std::optional<TimeMs>>* out) {
  std::string_view rest = item;
  if (rest.starts_with('_')) {
    rest.remove_prefix(1);
    size_t times = 1;
    if (!ParseTimes(rest, &times)) return Bad(item);
    out->insert(out->end(), times, std::nullopt);
    return absl::OkStatus();
  }
  TimeMs offset = 0, step = 0;
  if (!TakeOffset(&rest, &offset)) return Bad(item);
  const bool has_step = rest.starts_with('+') || rest.starts_with('-');
  if (has_step && !TakeOffset(&rest, &step)) return Bad(item);
  size_t times = 0;
  if ((has_step && rest.empty()) || !ParseTimes(rest, &times)) return Bad(item);
  for (size_t i = 0; i <= times; ++i) out->push_back(offset + static_cast<TimeMs>(i) * step);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<std::optional<TimeMs>>> ParseStarts(std::string_view text) {
  std::vector<std::optional<TimeMs>> starts;
  while (true) {
    const size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return starts;
    text.remove_prefix(begin);
    const std::string_view item = text.substr(0, text.find_first_of(" \t"));
    HEARTH_RETURN_IF_ERROR(AppendItem(item, &starts));
    if (starts.size() > kMaxValues) return absl::InvalidArgumentError("too many start timestamps");
    text.remove_prefix(item.size());
  }
}

}  // namespace hearth::promql
