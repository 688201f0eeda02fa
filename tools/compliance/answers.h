// tools/compliance/answers.h
//
// Two servers' answers to the same query: whether they say the same.
//
// Thread safety: pure functions.
#ifndef HEARTH_TOOLS_COMPLIANCE_ANSWERS_H_
#define HEARTH_TOOLS_COMPLIANCE_ANSWERS_H_

#include <string>

#include "nlohmann/json.hpp"

namespace hearth::compliance {

// `answer` is the whole JSON of /api/v1/query or /api/v1/query_range.
bool Succeeded(const nlohmann::json& answer);
// False for a failure as well.
bool HasData(const nlohmann::json& answer);

// "" when both failed or both have the same result: type, series, timestamps, values up to a
// relative difference of 1e-9 (the order in which numbers are added is not part of the language).
// Otherwise the first difference. The order of an instant vector's series does not count.
std::string Difference(const nlohmann::json& expected, const nlohmann::json& got);

}  // namespace hearth::compliance

#endif  // HEARTH_TOOLS_COMPLIANCE_ANSWERS_H_
