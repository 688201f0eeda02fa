// model/text.h
//
// The one place where std::string_view (what our headers use) meets Abseil's own string_view class.
// Debian's Abseil has its own type with no conversion to or from the standard one, so StrCat and
// hash-map lookups need these few names.
//
// Thread safety: pure functions.
#ifndef HEARTH_MODEL_TEXT_H_
#define HEARTH_MODEL_TEXT_H_

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace hearth {

inline absl::string_view ToAbsl(std::string_view s) { return {s.data(), s.size()}; }
inline std::string_view FromAbsl(absl::string_view s) { return {s.data(), s.size()}; }

namespace text_internal {
template <typename T>
const T& StrCatArg(const T& value) {
  return value;
}
inline absl::string_view StrCatArg(std::string_view s) { return ToAbsl(s); }
}  // namespace text_internal

// absl::StrCat that takes std::string_view too. Use it for error messages and keys, not for hot
// output.
template <typename... Args>
std::string StrCat(const Args&... args) {
  return absl::StrCat(text_internal::StrCatArg(args)...);
}

template <typename... Args>
void StrAppend(std::string* out, const Args&... args) {
  absl::StrAppend(out, text_internal::StrCatArg(args)...);
}

struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view s) const { return absl::Hash<absl::string_view>()(ToAbsl(s)); }
};

struct StringEq {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const { return a == b; }
};

// Hash containers keyed by string that are looked up by std::string_view without a copy.
template <typename V>
using StringMap = absl::flat_hash_map<std::string, V, StringHash, StringEq>;
using StringSet = absl::flat_hash_set<std::string, StringHash, StringEq>;

}  // namespace hearth

#endif  // HEARTH_MODEL_TEXT_H_
