// scrape/discovery/json.h
//
// Reading JSON that somebody else sent: a bounded parser, and accessors that take any value and
// give a default for what is missing or of another type.
//
// Thread safety: pure functions.
#ifndef HEARTH_SCRAPE_DISCOVERY_JSON_H_
#define HEARTH_SCRAPE_DISCOVERY_JSON_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"

namespace hearth {

using Json = nlohmann::json;

// Bounds what a small text may make of the memory.
struct JsonLimits {
  size_t values_max = 2'000'000;
  int depth_max = 64;
};

// kInvalidArgument: no JSON (RFC 8259), bytes that are not UTF-8, a limit hit.
absl::StatusOr<Json> ParseJson(std::string_view text, const JsonLimits& limits = {});

// The value of a key, or a null value when it is absent or `object` is no object.
const Json& Member(const Json& object, std::string_view key);
// The text of a string, or "". Views `value`.
std::string_view Text(const Json& value);
inline std::string_view Text(const Json& object, std::string_view key) {
  return Text(Member(object, key));
}
// An integer as a decimal number, or "" for anything else.
std::string Digits(const Json& value);
// An integer within int64_t, or 0.
int64_t Number(const Json& value);
// "true" or "false"; false for all but a boolean true.
std::string_view TrueOrFalse(const Json& value);

}  // namespace hearth

#endif  // HEARTH_SCRAPE_DISCOVERY_JSON_H_
