#include "scrape/discovery/json.h"

#include <limits>

#include "model/text.h"

namespace hearth {

absl::StatusOr<Json> ParseJson(std::string_view text, const JsonLimits& limits) {
  size_t values = 0;
  bool too_much = false;
  const auto count = [&](int depth, Json::parse_event_t event, Json&) {
    // What has begun ends well: dropping it here would leave nothing to add its parts to.
    if (event == Json::parse_event_t::object_end || event == Json::parse_event_t::array_end)
      return true;
    too_much = too_much || depth > limits.depth_max || ++values > limits.values_max;
    return !too_much;
  };
  Json value = Json::parse(text.begin(), text.end(), count, /*allow_exceptions=*/false);
  if (too_much) {
    return absl::InvalidArgumentError(StrCat("JSON of ", text.size(), " bytes has more than ",
                                             limits.values_max, " values or ", limits.depth_max,
                                             " levels"));
  }
  if (value.is_discarded())
    return absl::InvalidArgumentError(StrCat("invalid JSON in ", text.size(), " bytes"));
  return value;
}

const Json& Member(const Json& object, std::string_view key) {
  static const Json* const null = new Json();
  if (!object.is_object()) return *null;
  const auto it = object.find(key);
  return it == object.end() ? *null : *it;
}

std::string_view Text(const Json& value) {
  const auto* const text = value.get_ptr<const Json::string_t*>();
  return text == nullptr ? std::string_view() : std::string_view(*text);
}

std::string Digits(const Json& value) {
  if (const auto* n = value.get_ptr<const Json::number_unsigned_t*>()) return std::to_string(*n);
  if (const auto* n = value.get_ptr<const Json::number_integer_t*>()) return std::to_string(*n);
  return "";
}

int64_t Number(const Json& value) {
  if (const auto* n = value.get_ptr<const Json::number_unsigned_t*>()) {
    return *n <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max())
               ? static_cast<int64_t>(*n)
               : 0;
  }
  if (const auto* n = value.get_ptr<const Json::number_integer_t*>()) return *n;
  return 0;
}

std::string_view TrueOrFalse(const Json& value) {
  const auto* const flag = value.get_ptr<const Json::boolean_t*>();
  return flag != nullptr && *flag ? "true" : "false";
}

}  // namespace hearth
