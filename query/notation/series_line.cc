#include "query/notation/series_line.h"

#include <charconv>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "model/sample.h"
#include "model/status.h"
#include "model/text.h"
#include "query/parse/lexer.h"
#include "query/parse/literals.h"

namespace hearth::promql {
namespace {

constexpr size_t kMaxValues = 1'000'000;

absl::Status Bad(std::string_view what, std::string_view text) {
  return absl::InvalidArgumentError(StrCat(what, ": \"", text, "\""));
}

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

void SkipBlanks(std::string_view* text) {
  while (!text->empty() && IsBlank(text->front())) text->remove_prefix(1);
}

// Reads a signed number off the front; underscores between digits are allowed.
bool TakeNumber(std::string_view* text, double* value) {
  std::string_view rest = *text;
  bool negative = false;
  if (!rest.empty() && (rest.front() == '+' || rest.front() == '-')) {
    negative = rest.front() == '-';
    rest.remove_prefix(1);
  }
  size_t length = 0;
  while (length < rest.size() &&
         (absl::ascii_isalnum(rest[length]) || rest[length] == '.' || rest[length] == '_' ||
          ((rest[length] == '+' || rest[length] == '-') && length > 0 &&
           (rest[length - 1] == 'e' || rest[length - 1] == 'E')))) {
    if (rest[length] == 'x') break;
    ++length;
  }
  std::string plain;
  for (const char c : rest.substr(0, length)) {
    if (c != '_') plain.push_back(c);
  }
  const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), *value);
  if (plain.empty() || error != std::errc() || end != plain.data() + plain.size()) return false;
  if (negative) *value = -*value;
  *text = rest.substr(length);
  return true;
}

// `x12` at the end of an item.
bool TakeTimes(std::string_view text, size_t* times) {
  if (text.size() < 2 || text.front() != 'x') return false;
  const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), *times);
  return error == std::errc() && end == text.data() + text.size() && *times <= kMaxValues;
}

absl::Status AppendNumbers(std::string_view item, std::vector<SequenceValue>* out) {
  std::string_view rest = item;
  size_t times = 0;
  SequenceValue value;
  if (item.front() == '_') {
    value.omitted = true;
    rest.remove_prefix(1);
    if (!rest.empty() && !TakeTimes(rest, &times)) return Bad("bad repetition", item);
    out->insert(out->end(), rest.empty() ? 1 : times, value);
    return absl::OkStatus();
  }
  if (item == "stale") {
    value.value = StaleNaN();
    out->push_back(value);
    return absl::OkStatus();
  }
  if (!TakeNumber(&rest, &value.value)) return Bad("bad value", item);
  if (rest.empty()) {
    out->push_back(value);
    return absl::OkStatus();
  }
  double step = 0;
  const bool has_step = rest.front() == '+' || rest.front() == '-';
  if (has_step && !TakeNumber(&rest, &step)) return Bad("bad increment", item);
  if (!TakeTimes(rest, &times)) return Bad("bad repetition", item);
  for (size_t i = 0; i <= times; ++i) {
    out->push_back(value);
    if (has_step) value.value += step;
  }
  return absl::OkStatus();
}

// The literal at the front of *text, with its braces.
absl::StatusOr<SequenceValue> TakeHistogram(std::string_view* text) {
  const size_t end = text->find("}}");
  if (!text->starts_with("{{") || end == std::string_view::npos) return Bad("bad histogram", *text);
  HEARTH_ASSIGN_OR_RETURN(SequenceValue value, ParseHistogramLiteral(text->substr(2, end - 2)));
  text->remove_prefix(end + 2);
  return value;
}

absl::Status AppendHistograms(std::string_view* text, std::vector<SequenceValue>* out) {
  HEARTH_ASSIGN_OR_RETURN(SequenceValue value, TakeHistogram(text));
  double sign = 0;
  SequenceValue step;
  if (!text->empty() && (text->front() == '+' || text->front() == '-')) {
    sign = text->front() == '+' ? 1 : -1;
    text->remove_prefix(1);
    HEARTH_ASSIGN_OR_RETURN(step, TakeHistogram(text));
    value.hint_written = step.hint_written;
  }
  size_t length = 0;
  while (length < text->size() && !IsBlank((*text)[length])) ++length;
  const std::string_view tail = text->substr(0, length);
  text->remove_prefix(length);
  size_t times = 0;
  if ((sign != 0 || !tail.empty()) && !TakeTimes(tail, &times)) return Bad("bad repetition", tail);
  for (size_t i = 0;; ++i) {
    out->push_back(value);
    if (i == times) return absl::OkStatus();
    if (sign != 0) {
      if (value.histogram->schema > step.histogram->schema) {
        return absl::InvalidArgumentError(StrCat("cannot add a histogram of schema ",
                                                 step.histogram->schema, " to one of schema ",
                                                 value.histogram->schema));
      }
      HEARTH_ASSIGN_OR_RETURN(value.histogram,
                              AddHistogram(*value.histogram, *step.histogram, sign));
    }
  }
}

}  // namespace

absl::StatusOr<Labels> ParseMetric(std::string_view line, std::string_view* rest) {
  Lexer lexer(line);
  LabelsBuilder builder;
  Token token = lexer.Next();
  size_t end = 0;
  if (CanBeMetricName(token)) {
    builder.Set(kMetricNameLabel, token.text);
    end = static_cast<size_t>(token.end());
    *rest = line.substr(end);
    if (rest->empty() || rest->front() != '{') return builder.Build();
    token = lexer.Next();
  }
  if (token.kind != TokenKind::kLeftBrace || line.substr(end).starts_with("{{"))
    return Bad("bad metric", line);
  for (token = lexer.Next(); token.kind != TokenKind::kRightBrace; token = lexer.Next()) {
    const bool quoted = token.kind == TokenKind::kString;
    if (!quoted && token.kind != TokenKind::kIdentifier) return Bad("bad label name in", line);
    const std::string name = quoted ? Unquote(token.text) : std::string(token.text);
    token = lexer.Next();
    if (token.kind == TokenKind::kEqual) {
      token = lexer.Next();
      if (token.kind != TokenKind::kString) return Bad("bad label value in", line);
      builder.Set(name, Unquote(token.text));
      token = lexer.Next();
    } else if (quoted) {
      builder.Set(kMetricNameLabel, name);
    } else {
      return Bad("a label without a value in", line);
    }
    if (token.kind == TokenKind::kRightBrace) break;
    if (token.kind != TokenKind::kComma) return Bad("expected a comma or a brace in", line);
  }
  *rest = line.substr(static_cast<size_t>(token.end()));
  return builder.Build();
}

absl::StatusOr<SeriesLine> ParseSeriesLine(std::string_view line) {
  SeriesLine series;
  std::string_view rest;
  HEARTH_ASSIGN_OR_RETURN(series.labels, ParseMetric(line, &rest));
  if (!rest.empty() && !IsBlank(rest.front()))
    return Bad("expected white space behind the metric in", line);
  for (SkipBlanks(&rest); !rest.empty(); SkipBlanks(&rest)) {
    if (rest.starts_with("{{")) {
      HEARTH_RETURN_IF_ERROR(AppendHistograms(&rest, &series.values));
    } else {
      size_t length = 0;
      while (length < rest.size() && !IsBlank(rest[length])) ++length;
      HEARTH_RETURN_IF_ERROR(AppendNumbers(rest.substr(0, length), &series.values));
      rest.remove_prefix(length);
    }
    if (series.values.size() > kMaxValues) return Bad("too many values in", line);
  }
  return series;
}

}  // namespace hearth::promql
