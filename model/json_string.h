// model/json_string.h
//
// Strings in the form of Go's encoding/json, which Prometheus' API has.
//
// Thread safety: pure functions.
#ifndef HEARTH_MODEL_JSON_STRING_H_
#define HEARTH_MODEL_JSON_STRING_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace hearth {

// `"…"` with Go's escapes: \u003c for <, > and &, U+2028 and U+2029 escaped, invalid UTF-8 replaced
// by \ufffd.
void AppendJsonString(std::string_view s, std::string* out);

// How many leading characters stand for themselves: printable ASCII that has no escape.
size_t PlainLength(std::string_view s);

}  // namespace hearth

#endif  // HEARTH_MODEL_JSON_STRING_H_
