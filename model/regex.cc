#include "model/regex.h"

#include <charconv>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "model/text.h"

namespace hearth {
namespace {

constexpr int64_t kMemoryMax = 1 << 20;
constexpr int kGroupsMax = 100;

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

bool IsNameChar(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// `source` is what RE2 compiles for the user's `pattern`.
absl::StatusOr<std::shared_ptr<const RE2>> CompileRe2(const std::string& source, bool dot_nl,
                                                      std::string_view pattern) {
  RE2::Options options;
  options.set_dot_nl(dot_nl);
  options.set_log_errors(false);
  options.set_max_mem(kMemoryMax);
  auto regex = std::make_shared<const RE2>(source, options);
  if (!regex->ok()) {
    return absl::InvalidArgumentError(
        StrCat("error parsing regexp: ", GoErrorText(regex->error_code()), ": `", pattern, "`"));
  }
  if (regex->NumberOfCapturingGroups() > kGroupsMax) {
    return absl::InvalidArgumentError(
        StrCat("error parsing regexp: ", regex->NumberOfCapturingGroups(),
               " groups exceed the limit of ", kGroupsMax, ": `", pattern, "`"));
  }
  return regex;
}

// The number of the group, -1 when there is none of that name.
int GroupOf(const RE2& regex, const std::string& name) {
  int group = -1;
  const bool leading_zero = name[0] == '0' && name.size() > 1;
  const auto number = std::from_chars(name.data(), name.data() + name.size(), group);
  if (number.ec != std::errc() || number.ptr != name.data() + name.size() || leading_zero) {
    const auto& names = regex.NamedCapturingGroups();
    const auto it = names.find(name);
    group = it == names.end() ? -1 : it->second;
  }
  return group > regex.NumberOfCapturingGroups() ? -1 : group;
}

// Of the UTF-8 character at `pos`; 1 where there is none.
size_t CharacterWidth(std::string_view text, size_t pos) {
  size_t end = pos + 1;
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) ++end;
  return end - pos;
}

}  // namespace

std::string RegexMatch::Expand(const RegexTemplate& text) const {
  std::string out;
  for (const RegexTemplate::Part& part : text.parts_) {
    out.append(part.literal);
    if (part.group < 0) continue;
    const re2::StringPiece& group = groups_[static_cast<size_t>(part.group)];
    out.append(group.data(), group.size());
  }
  return out;
}

absl::StatusOr<AnchoredRegex> AnchoredRegex::Compile(std::string_view pattern) {
  auto regex = CompileRe2(StrCat("^(?s:", pattern, ")$"), true, pattern);
  if (!regex.ok()) return regex.status();
  return AnchoredRegex(*std::move(regex));
}

bool AnchoredRegex::Matches(std::string_view text) const {
  return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *regex_);
}

RegexMatch AnchoredRegex::Match(std::string_view text) const {
  RegexMatch match;
  match.groups_.resize(static_cast<size_t>(regex_->NumberOfCapturingGroups()) + 1);
  match.matched_ =
      regex_->Match(re2::StringPiece(text.data(), text.size()), 0, text.size(), RE2::ANCHOR_BOTH,
                    match.groups_.data(), static_cast<int>(match.groups_.size()));
  return match;
}

RegexTemplate AnchoredRegex::ParseTemplate(std::string_view text) const {
  return RegexTemplate::Parse(*regex_, text);
}

RegexTemplate RegexTemplate::Parse(const RE2& regex, std::string_view text) {
  RegexTemplate result;
  std::string literal;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$') {
      literal.push_back(text[i]);
      continue;
    }
    if (i + 1 < text.size() && text[i + 1] == '$') {
      literal.push_back('$');
      ++i;
      continue;
    }
    const bool brace = i + 1 < text.size() && text[i + 1] == '{';
    const size_t start = i + (brace ? 2 : 1);
    size_t end = start;
    while (end < text.size() && IsNameChar(text[end])) ++end;
    if (end == start || (brace && (end == text.size() || text[end] != '}'))) {
      literal.push_back('$');
      continue;
    }
    result.parts_.push_back(
        {std::move(literal), GroupOf(regex, std::string(text.substr(start, end - start)))});
    literal.clear();
    i = brace ? end : end - 1;
  }
  result.parts_.push_back({std::move(literal), -1});
  return result;
}

absl::StatusOr<SearchRegex> SearchRegex::Compile(std::string_view pattern) {
  auto regex = CompileRe2(std::string(pattern), false, pattern);
  if (!regex.ok()) return regex.status();
  return SearchRegex(*std::move(regex));
}

bool SearchRegex::Matches(std::string_view text) const {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *regex_);
}

std::optional<std::string> SearchRegex::ReplaceAll(std::string_view text,
                                                   std::string_view replacement,
                                                   size_t max_bytes) const {
  const RegexTemplate parsed = RegexTemplate::Parse(*regex_, replacement);
  const re2::StringPiece piece(text.data(), text.size());
  RegexMatch match;
  match.groups_.resize(static_cast<size_t>(regex_->NumberOfCapturingGroups()) + 1);
  std::string out;
  size_t copied = 0;  // Of `text`, up to the end of the last match.
  for (size_t from = 0; from <= text.size();) {
    if (!regex_->Match(piece, from, text.size(), RE2::UNANCHORED, match.groups_.data(),
                       static_cast<int>(match.groups_.size()))) {
      break;
    }
    const size_t start = static_cast<size_t>(match.groups_[0].data() - text.data());
    const size_t end = start + match.groups_[0].size();
    out.append(text.substr(copied, start - copied));
    if (end > copied || start == 0) out.append(match.Expand(parsed));
    if (out.size() > max_bytes) return std::nullopt;
    copied = end;
    const size_t width = from < text.size() ? CharacterWidth(text, from) : 0;
    from = from + width > end ? from + width : from + 1 > end ? from + 1 : end;
  }
  out.append(text.substr(copied));
  if (out.size() > max_bytes) return std::nullopt;
  return out;
}

}  // namespace hearth
