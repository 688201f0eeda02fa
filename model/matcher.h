// model/matcher.h
//
// One condition on one label: =, !=, =~ or !~. Regular expressions are RE2's, anchored at both
// ends, and `.` matches a newline, as in Prometheus 3. An absent label has the value "".
//
// Thread safety: immutable; copies share the compiled expression.
#ifndef HEARTH_MODEL_MATCHER_H_
#define HEARTH_MODEL_MATCHER_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "model/glob_choice.h"
#include "model/labels.h"
#include "model/regex.h"

namespace hearth {

enum class MatchOp { kEqual, kNotEqual, kRegex, kNotRegex };

class Matcher {
 public:
  // kInvalidArgument when `value` is not a valid regular expression.
  static absl::StatusOr<Matcher> Create(MatchOp op, std::string_view name, std::string_view value);
  // For kEqual and kNotEqual, which cannot fail.
  static Matcher Equal(std::string_view name, std::string_view value);
  static Matcher NotEqual(std::string_view name, std::string_view value);

  MatchOp op() const { return op_; }
  const std::string& name() const { return name_; }
  const std::string& value() const { return value_; }
  bool negative() const { return op_ == MatchOp::kNotEqual || op_ == MatchOp::kNotRegex; }

  bool Matches(std::string_view label_value) const;
  // True when a series without this label matches.
  bool MatchesEmpty() const { return Matches({}); }

  // For a regex that is nothing but a choice of literals (`a|b`, `GET`, `(x|y)z`): those literals,
  // so postings can be looked up one by one. Sorted, unique. Empty for everything else.
  const std::vector<std::string>& literals() const;
  // True when every series matches, with the label or without.
  bool MatchesEverything() const {
    return op_ == MatchOp::kRegex && globs_ != nullptr && globs_->everything();
  }

  // `job=~"a.*"`, the value quoted as PromQL does.
  std::string ToString() const;

  friend bool operator==(const Matcher& a, const Matcher& b) {
    return a.op_ == b.op_ && a.name_ == b.name_ && a.value_ == b.value_;
  }

 private:
  Matcher(MatchOp op, std::string_view name, std::string_view value)
      : op_(op), name_(name), value_(value) {}

  MatchOp op_;
  std::string name_;
  std::string value_;
  // Of a regex one of the two.
  std::shared_ptr<const GlobChoice> globs_;
  std::optional<AnchoredRegex> regex_;
};

// True when all matchers hold for the label set.
bool MatchesAll(const std::vector<Matcher>& matchers, LabelsView labels);

// "=", "!=", "=~" or "!~".
std::string_view MatchOpText(MatchOp op);

}  // namespace hearth

#endif  // HEARTH_MODEL_MATCHER_H_
