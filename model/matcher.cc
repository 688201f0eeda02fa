#include "model/matcher.h"

#include <algorithm>

#include "absl/status/status.h"
#include "model/status.h"

namespace hearth {
namespace {

// A regex of plain characters and `|` is a list of literals. Anything else that RE2 gives a meaning
// disqualifies it.
std::vector<std::string> LiteralChoices(std::string_view pattern) {
  if (pattern.find_first_of("\\.+*?()[]{}^$") != std::string_view::npos) return {};
  std::vector<std::string> literals;
  for (;;) {
    const size_t bar = pattern.find('|');
    literals.emplace_back(pattern.substr(0, bar));
    if (bar == std::string_view::npos) return literals;
    pattern.remove_prefix(bar + 1);
  }
}

}  // namespace

absl::StatusOr<Matcher> Matcher::Create(MatchOp op, std::string_view name, std::string_view value) {
  Matcher matcher(op, name, value);
  if (op == MatchOp::kEqual || op == MatchOp::kNotEqual) return matcher;
  matcher.literals_ = LiteralChoices(value);
  if (!matcher.literals_.empty()) return matcher;
  HEARTH_ASSIGN_OR_RETURN(matcher.regex_, AnchoredRegex::Compile(value));
  return matcher;
}

Matcher Matcher::Equal(std::string_view name, std::string_view value) {
  return Matcher(MatchOp::kEqual, name, value);
}

Matcher Matcher::NotEqual(std::string_view name, std::string_view value) {
  return Matcher(MatchOp::kNotEqual, name, value);
}

bool Matcher::Matches(std::string_view label_value) const {
  switch (op_) {
    case MatchOp::kEqual:
      return label_value == value_;
    case MatchOp::kNotEqual:
      return label_value != value_;
    default:
      break;
  }
  const bool hit =
      regex_ ? regex_->Matches(label_value)
             : std::find(literals_.begin(), literals_.end(), label_value) != literals_.end();
  return hit == (op_ == MatchOp::kRegex);
}

std::string Matcher::ToString() const {
  std::string out;
  if (IsLegacyLabelName(name_)) {
    out = name_;
  } else {
    AppendQuoted(name_, &out);
  }
  out.append(MatchOpText(op_));
  AppendQuoted(value_, &out);
  return out;
}

bool MatchesAll(const std::vector<Matcher>& matchers, LabelsView labels) {
  return std::all_of(matchers.begin(), matchers.end(),
                     [labels](const Matcher& m) { return m.Matches(labels.Get(m.name())); });
}

std::string_view MatchOpText(MatchOp op) {
  switch (op) {
    case MatchOp::kEqual:
      return "=";
    case MatchOp::kNotEqual:
      return "!=";
    case MatchOp::kRegex:
      return "=~";
    case MatchOp::kNotRegex:
      return "!~";
  }
  return "?";
}

}  // namespace hearth
