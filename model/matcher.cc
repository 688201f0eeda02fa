#include "model/matcher.h"

#include <algorithm>

#include "absl/status/status.h"
#include "model/text.h"
#include "re2/re2.h"

namespace hearth {
namespace {

// A regex of plain characters and `|` is a list of literals. Anything else that RE2 gives a meaning disqualifies it.
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

// Go's texts for RE2's error codes: users search for these.
std::string_view GoErrorText(RE2::ErrorCode code) {
  switch (code) {
    case RE2::ErrorBadEscape:
      return "invalid escape sequence";
    case RE2::ErrorBadCharClass:
      return "invalid character class";
    case RE2::ErrorBadCharRange:
      return "invalid character class range";
    case RE2::ErrorMissingBracket:
      return "missing closing ]";
    case RE2::ErrorMissingParen:
      return "missing closing )";
    case RE2::ErrorUnexpectedParen:
      return "unexpected )";
    case RE2::ErrorTrailingBackslash:
      return "trailing backslash at end of expression";
    case RE2::ErrorRepeatArgument:
      return "missing argument to repetition operator";
    case RE2::ErrorRepeatSize:
      return "invalid repeat count";
    case RE2::ErrorRepeatOp:
      return "invalid nested repetition operator";
    case RE2::ErrorBadPerlOp:
      return "invalid or unsupported Perl syntax";
    case RE2::ErrorBadUTF8:
      return "invalid UTF-8";
    case RE2::ErrorBadNamedCapture:
      return "invalid named capture";
    case RE2::ErrorPatternTooLarge:
      return "expression too large";
    default:
      return "regexp/syntax: internal error";
  }
}

}  // namespace

absl::StatusOr<Matcher> Matcher::Create(MatchOp op, std::string_view name, std::string_view value) {
  Matcher matcher(op, name, value);
  if (op == MatchOp::kEqual || op == MatchOp::kNotEqual) return matcher;
  matcher.literals_ = LiteralChoices(value);
  if (!matcher.literals_.empty()) return matcher;
  RE2::Options options;
  options.set_dot_nl(true);
  options.set_log_errors(false);
  auto regex = std::make_shared<RE2>(StrCat("^(?s:", value, ")$"), options);
  if (!regex->ok()) {
    return absl::InvalidArgumentError(
        StrCat("error parsing regexp: ", GoErrorText(regex->error_code()), ": `", regex->error_arg(), "`"));
  }
  matcher.regex_ = std::move(regex);
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
  const bool hit = regex_ == nullptr
                       ? std::find(literals_.begin(), literals_.end(), label_value) != literals_.end()
                       : RE2::FullMatch(re2::StringPiece(label_value.data(), label_value.size()), *regex_);
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
