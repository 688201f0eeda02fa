#include "model/matcher.h"

#include <algorithm>

#include "absl/status/status.h"
#include "model/status.h"

namespace hearth {
absl::StatusOr<Matcher> Matcher::Create(MatchOp op, std::string_view name, std::string_view value) {
  Matcher matcher(op, name, value);
  if (op == MatchOp::kEqual || op == MatchOp::kNotEqual) return matcher;
  if (std::optional<GlobChoice> globs = GlobChoice::Parse(value)) {
    matcher.globs_ = std::make_shared<const GlobChoice>(*std::move(globs));
    return matcher;
  }
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
  const bool hit = globs_ ? globs_->Matches(label_value) : regex_->Matches(label_value);
  return hit == (op_ == MatchOp::kRegex);
}

const std::vector<std::string>& Matcher::literals() const {
  static const std::vector<std::string> kNone;
  return globs_ && globs_->literal() ? globs_->literals() : kNone;
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
