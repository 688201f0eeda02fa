#include "query/testing/script.h"

#include <span>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "model/status.h"
#include "model/text.h"
#include "query/parse/lexer.h"
#include "query/parse/literals.h"

namespace hearth::promql {
namespace {

absl::Status Bad(std::string_view what, std::string_view text) {
  return absl::InvalidArgumentError(StrCat(what, ": ", text));
}

std::string_view Trim(std::string_view s) {
  return FromAbsl(absl::StripAsciiWhitespace(ToAbsl(s)));
}

// Takes the first word off the front.
std::string_view TakeWord(std::string_view* text) {
  *text = Trim(*text);
  const size_t end = std::min(text->find_first_of(" \t"), text->size());
  const std::string_view word = text->substr(0, end);
  *text = Trim(text->substr(end));
  return word;
}

absl::Status TakeDuration(std::string_view* text, TimeMs* ms) {
  const std::string_view word = TakeWord(text);
  HEARTH_ASSIGN_OR_RETURN(*ms, ParseDurationMs(word));
  return absl::OkStatus();
}

absl::Status ExpectWord(std::string_view* text, std::string_view wanted) {
  const std::string_view word = TakeWord(text);
  return word == wanted ? absl::OkStatus() : Bad(StrCat("expected \"", wanted, "\", got"), word);
}

// `from <start> to <end> step <step>`
absl::Status TakeSteps(std::string_view* text, TimeSteps* steps) {
  HEARTH_RETURN_IF_ERROR(ExpectWord(text, "from"));
  HEARTH_RETURN_IF_ERROR(TakeDuration(text, &steps->start_ms));
  HEARTH_RETURN_IF_ERROR(ExpectWord(text, "to"));
  HEARTH_RETURN_IF_ERROR(TakeDuration(text, &steps->end_ms));
  HEARTH_RETURN_IF_ERROR(ExpectWord(text, "step"));
  HEARTH_RETURN_IF_ERROR(TakeDuration(text, &steps->step_ms));
  if (steps->end_ms < steps->start_ms)
    return absl::InvalidArgumentError("the end is before the start");
  if (steps->step_ms <= 0) return absl::InvalidArgumentError("the step is zero");
  return absl::OkStatus();
}

// One string literal and nothing else.
absl::StatusOr<std::string> ParseStringLiteral(std::string_view text) {
  Lexer lexer(text);
  const Token token = lexer.Next();
  if (token.kind != TokenKind::kString || lexer.Next().kind != TokenKind::kEof)
    return Bad("bad string", text);
  return Unquote(token.text);
}

// `: msg text` or `: regex text` behind an expectation, or nothing.
absl::StatusOr<TextMatch> ParseTextMatch(std::string_view text) {
  TextMatch match;
  if (text.empty()) return match;
  const size_t colon = text.find(':');
  const std::string_view kind = Trim(text.substr(0, colon));
  if (colon == std::string_view::npos || (kind != "msg" && kind != "regex"))
    return Bad("bad match", text);
  match.kind = kind == "msg" ? TextMatch::Kind::kExact : TextMatch::Kind::kRegex;
  match.text = Trim(text.substr(colon + 1));
  return match;
}

absl::Status ParseExpect(std::string_view text, EvalCommand* eval) {
  const std::string_view whole = text;
  std::string_view word = TakeWord(&text);
  if (word == "string") {
    HEARTH_ASSIGN_OR_RETURN(eval->string, ParseStringLiteral(text));
    return absl::OkStatus();
  }
  if (word == "range") {
    HEARTH_RETURN_IF_ERROR(ExpectWord(&text, "vector"));
    HEARTH_RETURN_IF_ERROR(TakeSteps(&text, &eval->range_vector.emplace()));
    eval->steps.start_ms = eval->steps.end_ms = eval->range_vector->end_ms;
    return absl::OkStatus();
  }
  HEARTH_ASSIGN_OR_RETURN(TextMatch match, ParseTextMatch(text));
  if (word == "fail") {
    if (eval->fail) return Bad("a second expectation to fail", whole);
    eval->fail = std::move(match);
  } else if (word == "warn") {
    eval->warnings.push_back(std::move(match));
  } else if (word == "info") {
    eval->infos.push_back(std::move(match));
  } else if (word == "no_warn") {
    eval->no_warnings = true;
  } else if (word == "no_info") {
    eval->no_infos = true;
  } else if (word == "ordered") {
    if (!eval->instant) return Bad("a range query has no order", whole);
    eval->ordered = true;
  } else {
    return Bad("unknown expectation", whole);
  }
  if ((eval->no_warnings && !eval->warnings.empty()) || (eval->no_infos && !eval->infos.empty())) {
    return Bad("contradicts another expectation", whole);
  }
  return absl::OkStatus();
}

// True for a bare, optionally signed number.
bool ParseScalar(std::string_view text, double* value) {
  const bool sign = text.starts_with('-') || text.starts_with('+');
  const absl::StatusOr<double> number = ParseNumber(text.substr(sign ? 1 : 0));
  if (!number.ok()) return false;
  *value = text.starts_with('-') ? -*number : *number;
  return true;
}

absl::StatusOr<LoadCommand> ParseLoad(std::string_view head,
                                      std::span<const std::string_view> body) {
  LoadCommand load;
  load.with_nhcb = TakeWord(&head) == "load_with_nhcb";
  HEARTH_RETURN_IF_ERROR(TakeDuration(&head, &load.step_ms));
  if (!head.empty()) return Bad("unexpected text behind the step", head);
  Labels starts_of;  // The labels of an @st line, which the samples' line follows.
  std::optional<std::vector<std::optional<TimeMs>>> starts;
  for (const std::string_view line : body) {
    std::string_view rest;
    HEARTH_ASSIGN_OR_RETURN(const Labels labels, ParseMetric(line, &rest));
    if (rest.starts_with("@st")) {
      HEARTH_ASSIGN_OR_RETURN(starts, ParseStarts(rest.substr(3)));
      starts_of = labels;
      continue;
    }
    SeriesLine& series = load.series.emplace_back();
    HEARTH_ASSIGN_OR_RETURN(series, ParseSeriesLine(line));
    if (!starts) continue;
    if (starts_of != labels || starts->size() != series.values.size()) {
      return Bad("the @st line before it is of another series or length", line);
    }
    for (size_t i = 0; i < starts->size(); ++i) series.values[i].start = (*starts)[i];
    starts.reset();
  }
  if (starts) return absl::InvalidArgumentError("an @st line without the samples' line");
  return load;
}

absl::Status ParseEvalHead(std::string_view head, EvalCommand* eval) {
  const std::string_view command = TakeWord(&head);
  if (command == "eval_fail")
    eval->fail.emplace();
  else if (command == "eval_warn")
    eval->warnings.emplace_back();
  else if (command == "eval_info")
    eval->infos.emplace_back();
  else if (command == "eval_ordered")
    eval->ordered = true;
  else if (command != "eval")
    return Bad("unknown command", command);
  const std::string_view kind = TakeWord(&head);
  if (kind == "instant") {
    HEARTH_RETURN_IF_ERROR(ExpectWord(&head, "at"));
    HEARTH_RETURN_IF_ERROR(TakeDuration(&head, &eval->steps.start_ms));
    eval->steps.end_ms = eval->steps.start_ms;
  } else if (kind == "range") {
    eval->instant = false;
    HEARTH_RETURN_IF_ERROR(TakeSteps(&head, &eval->steps));
  } else {
    return Bad("expected instant or range, got", kind);
  }
  if (head.empty()) return absl::InvalidArgumentError("no query");
  eval->query = head;
  return absl::OkStatus();
}

absl::StatusOr<EvalCommand> ParseEval(std::string_view head,
                                      std::span<const std::string_view> body) {
  EvalCommand eval;
  HEARTH_RETURN_IF_ERROR(ParseEvalHead(head, &eval));
  for (const std::string_view line : body) {
    std::string_view rest = line;
    const std::string_view word = TakeWord(&rest);
    double scalar;
    if (word == "expect") {
      HEARTH_RETURN_IF_ERROR(ParseExpect(rest, &eval));
    } else if (eval.fail && word == "expected_fail_message") {
      eval.fail = TextMatch{TextMatch::Kind::kExact, std::string(rest)};
    } else if (eval.fail && word == "expected_fail_regexp") {
      eval.fail = TextMatch{TextMatch::Kind::kRegex, std::string(rest)};
    } else if (ParseScalar(line, &scalar)) {
      eval.scalar = scalar;
    } else {
      HEARTH_ASSIGN_OR_RETURN(eval.series.emplace_back(), ParseSeriesLine(line));
      if (eval.instant && !eval.range_vector && eval.series.back().values.size() > 1) {
        return Bad("more than one value for an instant query", line);
      }
    }
  }
  return eval;
}

absl::Status ParseCommand(std::string_view head, std::span<const std::string_view> body,
                          ScriptCommand* command) {
  std::string_view rest = head;
  const std::string word = absl::AsciiStrToLower(ToAbsl(TakeWord(&rest)));
  if (word == "clear") {
    command->what = ClearCommand{};
  } else if (word.starts_with("load")) {
    command->what = LoadCommand{};
    HEARTH_ASSIGN_OR_RETURN(command->what, ParseLoad(head, body));
  } else if (word.starts_with("eval")) {
    HEARTH_RETURN_IF_ERROR(ParseEvalHead(head, &command->what.emplace<EvalCommand>()));
    HEARTH_ASSIGN_OR_RETURN(command->what, ParseEval(head, body));
  } else {
    return Bad("unknown command", head);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<ScriptCommand>> ParseScript(std::string_view text) {
  std::vector<std::string_view> lines;
  while (true) {
    const size_t end = text.find('\n');
    const std::string_view line = Trim(text.substr(0, end));
    lines.push_back(line.starts_with('#') ? std::string_view() : line);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  std::vector<ScriptCommand> commands;
  for (size_t i = 0; i < lines.size();) {
    if (lines[i].empty()) {
      ++i;
      continue;
    }
    size_t end = i + 1;
    // `clear` has no body: what follows it directly is the next command.
    while (end < lines.size() && !lines[end].empty() && lines[i] != "clear") ++end;
    ScriptCommand& command = commands.emplace_back();
    command.line = static_cast<int>(i) + 1;
    const auto body = std::span(lines).subspan(i + 1, end - i - 1);
    const absl::Status status = ParseCommand(lines[i], body, &command);
    if (absl::IsUnimplemented(status)) {
      command.unsupported = FromAbsl(status.message());
    } else if (!status.ok()) {
      return absl::InvalidArgumentError(
          StrCat("line ", command.line, ": ", FromAbsl(status.message())));
    }
    i = end;
  }
  return commands;
}

}  // namespace hearth::promql
