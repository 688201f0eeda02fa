// model/regex.h
//
// Regular expressions as Prometheus has them: RE2's language (Go's too), anchored at both ends, `.`
// matches a newline; and Go's templates ($1, ${name}) that are filled from a match. Used by
// matchers, relabelling and label_replace. Alert templates search with them, unanchored.
//
// Thread safety: immutable after Compile; copies share the compiled expression.
#ifndef HEARTH_MODEL_REGEX_H_
#define HEARTH_MODEL_REGEX_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "re2/re2.h"

namespace hearth {

// A replacement split once: literal text, then the value of a group, and so on.
class RegexTemplate {
 private:
  friend class AnchoredRegex;
  friend class RegexMatch;
  friend class SearchRegex;
  struct Part {
    std::string literal;
    int group = -1;  // -1 = none, which is empty.
  };
  static RegexTemplate Parse(const re2::RE2& regex, std::string_view text);
  std::vector<Part> parts_;
};

// The groups of one match. Valid as long as the text that was matched and the regex are.
class RegexMatch {
 public:
  explicit operator bool() const { return matched_; }
  std::string Expand(const RegexTemplate& text) const;

 private:
  friend class AnchoredRegex;
  friend class SearchRegex;
  bool matched_ = false;
  std::vector<re2::StringPiece> groups_;
};

class AnchoredRegex {
 public:
  // kInvalidArgument in Go's words: "error parsing regexp: missing closing ): `a(`". Also when it
  // would take more than a MiB, or has more than 100 groups.
  static absl::StatusOr<AnchoredRegex> Compile(std::string_view pattern);

  // Whether the whole of `text` matches.
  bool Matches(std::string_view text) const;
  RegexMatch Match(std::string_view text) const;
  // Go's rules: `$$` is a dollar; `$name` takes the longest run of letters, digits and underscores;
  // `${name}`; a dollar before anything else stands for itself; an unknown group is empty.
  RegexTemplate ParseTemplate(std::string_view text) const;

 private:
  explicit AnchoredRegex(std::shared_ptr<const re2::RE2> regex) : regex_(std::move(regex)) {}

  std::shared_ptr<const re2::RE2> regex_;
};

// Matches anywhere in a text, and `.` does not match a newline: Go's regexp as it is.
class SearchRegex {
 public:
  // As AnchoredRegex::Compile.
  static absl::StatusOr<SearchRegex> Compile(std::string_view pattern);

  bool Matches(std::string_view text) const;
  // Go's ReplaceAllString: every match, left to right, becomes the expanded `replacement`; an empty
  // match right behind another one does not count. None when the result would be longer than
  // `max_bytes`.
  std::optional<std::string> ReplaceAll(std::string_view text, std::string_view replacement,
                                        size_t max_bytes) const;

 private:
  explicit SearchRegex(std::shared_ptr<const re2::RE2> regex) : regex_(std::move(regex)) {}

  std::shared_ptr<const re2::RE2> regex_;
};

}  // namespace hearth

#endif  // HEARTH_MODEL_REGEX_H_
