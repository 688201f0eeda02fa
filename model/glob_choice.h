// model/glob_choice.h
//
// GlobChoice: a regular expression that comes to a choice of globs, matched without an engine. A
// glob is literals with `.*` or `.+` between, before or behind them:
//
//   node-.*    .*error.*    a|b|c    (eu|us)-.+    prod-(a|b)\.example\..*
//
// Groups are multiplied out. Anchored at both ends, `.` matches a newline, as in model/regex.h: a
// text of valid UTF-8 matches exactly when it matches there.
//
// Thread safety: immutable.
#ifndef HEARTH_MODEL_GLOB_CHOICE_H_
#define HEARTH_MODEL_GLOB_CHOICE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hearth {

class GlobChoice {
 public:
  // Nullopt for every other expression, wrong ones included, and where an engine is faster.
  static std::optional<GlobChoice> Parse(std::string_view pattern);

  bool Matches(std::string_view text) const;

  // True when there is no glob but literals, which are literals().
  bool literal() const { return globs_.empty(); }
  // Those globs that are nothing but a literal. Sorted, unique.
  const std::vector<std::string>& literals() const { return literals_; }
  // Matches every text.
  bool everything() const { return everything_; }

 private:
  friend class GlobParser;
  // literals[0] gap literals[1] gap … : one literal more than gaps. A gap's number is the least
  // count of characters that it takes, 0 or 1.
  struct Glob {
    std::vector<std::string> literals{std::string()};
    std::vector<size_t> gaps;
  };
  static bool MatchesGlob(const Glob& glob, std::string_view text);

  std::vector<std::string> literals_;
  std::vector<Glob> globs_;  // Those with gaps.
  bool everything_ = false;
};

}  // namespace hearth

#endif  // HEARTH_MODEL_GLOB_CHOICE_H_
