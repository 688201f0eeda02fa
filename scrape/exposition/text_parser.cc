#include "scrape/exposition/text_parser.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "model/sample.h"
#include "model/text.h"

namespace hearth {
namespace {

// What a byte may be part of.
enum : uint8_t { kNameStart = 1, kNameRest = 2, kDigit = 4 };

constexpr std::array<uint8_t, 256> MakeClasses() {
  std::array<uint8_t, 256> classes{};
  for (int c = 'a'; c <= 'z'; ++c) classes[c] = classes[c - 'a' + 'A'] = kNameStart | kNameRest;
  for (int c = '0'; c <= '9'; ++c) classes[c] = kNameRest | kDigit;
  classes['_'] = classes[':'] = kNameStart | kNameRest;
  return classes;
}
constexpr std::array<uint8_t, 256> kClasses = MakeClasses();

bool Is(char c, uint8_t mask) { return (kClasses[static_cast<uint8_t>(c)] & mask) != 0; }
bool IsBlank(char c) { return c == ' ' || c == '\t'; }

const char* SkipBlanks(const char* p, const char* end) {
  while (p < end && IsBlank(*p)) ++p;
  return p;
}

const char* NameEnd(const char* p, const char* end) {
  if (p == end || !Is(*p, kNameStart)) return p;
  while (p < end && Is(*p, kNameRest)) ++p;
  return p;
}

bool EqualsIgnoreCase(std::string_view a, std::string_view lower) {
  return a.size() == lower.size() &&
         std::equal(a.begin(), a.end(), lower.begin(), [](char x, char y) {
           return (x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x) == y;
         });
}

bool ParseSpecial(std::string_view text, double* value) {
  const bool negative = !text.empty() && text[0] == '-';
  const bool sign = negative || (!text.empty() && text[0] == '+');
  const std::string_view word = text.substr(sign ? 1 : 0);
  if (!sign && EqualsIgnoreCase(word, "nan")) {
    *value = NormalNaN();
    return true;
  }
  if (!EqualsIgnoreCase(word, "inf") && !EqualsIgnoreCase(word, "infinity")) return false;
  *value =
      negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  return true;
}

bool ParseHexFloat(std::string_view digits, bool negative, double* value) {
  // Go demands the exponent of a hexadecimal float.
  if (digits.find_first_of("pP") == std::string_view::npos) return false;
  const auto parsed =
      std::from_chars(digits.data(), digits.data() + digits.size(), *value, std::chars_format::hex);
  if (negative) *value = -*value;
  return parsed.ec == std::errc() && parsed.ptr == digits.data() + digits.size();
}

// The spelling that OpenMetrics gives floats in labels: at least one of `.` and an exponent.
void AppendLabelFloat(double value, std::string* out) {
  if (std::isnan(value)) {
    out->append("NaN");
    return;
  }
  if (std::isinf(value)) {
    out->append(value > 0 ? "+Inf" : "-Inf");
    return;
  }
  // Go's %g: exponents below -4 and from 6 on are written with e.
  char buffer[400];
  const auto scientific =
      std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific);
  const std::string_view text(buffer, static_cast<size_t>(scientific.ptr - buffer));
  const size_t e = text.find('e');
  int exponent = 0;
  const size_t digits_at = text[e + 1] == '+' ? e + 2 : e + 1;
  std::from_chars(text.data() + digits_at, text.data() + text.size(), exponent);
  if (exponent < -4 || exponent >= 6) {
    out->append(text);
    return;
  }
  const auto fixed =
      std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::fixed);
  const std::string_view plain(buffer, static_cast<size_t>(fixed.ptr - buffer));
  out->append(plain);
  if (plain.find('.') == std::string_view::npos) out->append(".0");
}

bool MetricTypeOf(std::string_view name, MetricType* type) {
  static constexpr std::pair<std::string_view, MetricType> kTypes[] = {
      {"counter", MetricType::kCounter},     {"gauge", MetricType::kGauge},
      {"histogram", MetricType::kHistogram}, {"summary", MetricType::kSummary},
      {"untyped", MetricType::kUnknown},     {"unknown", MetricType::kUnknown},
  };
  for (const auto& [text, value] : kTypes) {
    if (text == name) {
      *type = value;
      return true;
    }
  }
  return false;
}

}  // namespace

bool ParseSampleValue(std::string_view text, double* value) {
  // Small integers are the common case.
  if (!text.empty() && text.size() <= 15) {
    int64_t integer = 0;
    size_t i = 0;
    while (i < text.size() && Is(text[i], kDigit)) integer = integer * 10 + (text[i++] - '0');
    if (i == text.size()) {
      *value = static_cast<double>(integer);
      return true;
    }
  }
  const bool negative = !text.empty() && text[0] == '-';
  const std::string_view digits =
      text.substr(negative || (!text.empty() && text[0] == '+') ? 1 : 0);
  if (digits.empty()) return false;
  if (!Is(digits[0], kDigit) && digits[0] != '.') return ParseSpecial(text, value);
  if (digits.size() > 2 && digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X')) {
    return ParseHexFloat(digits.substr(2), negative, value);
  }
  const char* end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, *value);
  if (parsed.ptr != end) return false;
  if (parsed.ec == std::errc::result_out_of_range) {
    // Too small is zero or a subnormal, as in Go; too large is an error.
    *value = std::strtod(std::string(digits).c_str(), nullptr);
    if (std::isinf(*value)) return false;
  } else if (parsed.ec != std::errc()) {
    return false;
  }
  if (negative) *value = -*value;
  return true;
}

std::string UnescapeHelp(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '\\' || text[i + 1] == 'n')) {
      out.push_back(text[++i] == 'n' ? '\n' : '\\');
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

const char* TextParser::LineEnd(const char* p) const {
  const void* newline = std::memchr(p, '\n', static_cast<size_t>(end_ - p));
  return newline == nullptr ? end_ : static_cast<const char*>(newline);
}

bool TextParser::Fail(const char* at, std::string_view message) {
  const char* const begin = body_.data();
  const auto line = std::count(begin, at, '\n') + 1;
  const char* start = at;
  while (start > begin && start[-1] != '\n') --start;
  status_ =
      absl::InvalidArgumentError(StrCat("line ", line, ", column ", at - start + 1, ": ", message));
  return false;
}

bool TextParser::Expected(const char* at, std::string_view what) {
  constexpr size_t kQuotedMax = 40;
  const std::string_view rest(at, std::min(static_cast<size_t>(LineEnd(at) - at), kQuotedMax));
  std::string got;
  AppendQuoted(rest, &got);
  return Fail(at, StrCat("expected ", what, ", got ",
                         at == end_     ? "end of input"
                         : rest.empty() ? "end of line"
                                        : got));
}

TextParser::Entry TextParser::Next() {
  if (!status_.ok()) return Entry::kError;
  while (p_ < end_) {
    SkipBlanks();
    if (p_ == end_) break;
    if (*p_ == '\n') {
      ++p_;
    } else if (*p_ == '#') {
      const Entry entry = ReadComment();
      if (entry != Entry::kEnd) return entry;
    } else {
      return Entry::kSample;
    }
  }
  return Entry::kEnd;
}

// Reads the name of the family in a HELP, TYPE or UNIT line; false when there is none. *p is left
// behind it.
static bool ReadFamily(const char** p, const char* line_end, std::string_view* family) {
  const char* const start = *p;
  if (start < line_end && *start == '"') {
    const char* q = start + 1;
    while (q < line_end && *q != '"') q += *q == '\\' && q + 1 < line_end ? 2 : 1;
    if (q >= line_end) return false;
    *family = std::string_view(start + 1, static_cast<size_t>(q - start - 1));
    *p = q + 1;
  } else {
    *p = NameEnd(start, line_end);
    *family = std::string_view(start, static_cast<size_t>(*p - start));
  }
  return !family->empty() && (*p == line_end || IsBlank(**p));
}

// Returns kEnd for a comment that says nothing. The line is consumed unless it is in error.
TextParser::Entry TextParser::ReadComment() {
  const char* const line_end = LineEnd(p_);
  const char* p = p_ + 1;
  p_ = line_end < end_ ? line_end + 1 : end_;
  const char* const word = hearth::SkipBlanks(p, line_end);
  if (word == p) return Entry::kEnd;
  for (p = word; p < line_end && !IsBlank(*p);) ++p;
  const std::string_view keyword(word, static_cast<size_t>(p - word));
  const Entry entry = p == line_end       ? Entry::kEnd
                      : keyword == "HELP" ? Entry::kHelp
                      : keyword == "TYPE" ? Entry::kType
                      : keyword == "UNIT" ? Entry::kUnit
                                          : Entry::kEnd;
  if (entry == Entry::kEnd) return entry;
  const char* name = p = hearth::SkipBlanks(p, line_end);
  if (!ReadFamily(&p, line_end, &family_)) {
    if (entry == Entry::kUnit) return Entry::kEnd;  // In this format a comment like any other.
    Expected(name, StrCat("metric name after ", keyword));
    return Entry::kError;
  }
  p = hearth::SkipBlanks(p, line_end);
  text_ = std::string_view(p, static_cast<size_t>(line_end - p));
  if (entry == Entry::kHelp) return entry;
  while (!text_.empty() && IsBlank(text_.back())) text_.remove_suffix(1);
  if (entry == Entry::kType && !MetricTypeOf(text_, &type_)) {
    std::string quoted;
    AppendQuoted(text_.substr(0, 40), &quoted);
    Fail(p, StrCat("invalid metric type ", quoted));
    return Entry::kError;
  }
  return entry;
}

bool TextParser::SeriesEndsAt(std::string_view unread, size_t length) {
  if (length >= unread.size() || !IsBlank(unread[length])) return false;
  if (unread[length - 1] == '}') return true;
  // A bare name may still be followed by its labels.
  do {
    ++length;
  } while (length < unread.size() && IsBlank(unread[length]));
  return length == unread.size() || unread[length] != '{';
}

// Moves p_ behind the closing quote of the string that starts at p_.
bool TextParser::ScanQuoted() {
  const char* const start = p_++;
  while (p_ < end_ && *p_ != '"') {
    if (*p_ == '\n') return Fail(start, "label value is not closed on its line");
    p_ += *p_ == '\\' && p_ + 1 < end_ && p_[1] != '\n' ? 2 : 1;
  }
  if (p_ == end_) return Fail(start, "label value is not closed at the end of input");
  ++p_;
  return true;
}

bool TextParser::ScanSeries() {
  const char* const start = p_;
  p_ = NameEnd(p_, end_);
  const char* name_end = p_;
  if (name_end == start && *p_ != '{') return Expected(p_, "a valid start token");
  SkipBlanks();
  if (p_ == end_ || *p_ != '{') {
    series_ = std::string_view(start, static_cast<size_t>(name_end - start));
    p_ = name_end;
    return true;
  }
  while (p_ < end_ && *p_ != '}') {
    if (*p_ == '"') {
      if (!ScanQuoted()) return false;
    } else if (*p_ == '\n') {
      return Fail(p_, "label list is not closed on its line");
    } else {
      ++p_;
    }
  }
  if (p_ == end_) return Fail(p_, "label list is not closed at the end of input");
  ++p_;
  series_ = std::string_view(start, static_cast<size_t>(p_ - start));
  return true;
}

bool TextParser::ReadValue() {
  SkipBlanks();
  const char* const start = p_;
  while (p_ < end_ && !IsBlank(*p_) && *p_ != '\n') ++p_;
  if (p_ == start) return Expected(start, "value after metric");
  if (!ParseSampleValue(std::string_view(start, static_cast<size_t>(p_ - start)), &value_)) {
    return Expected(start, "value after metric");
  }
  timestamp_.reset();
  if (p_ < end_ && *p_ == '\n') [[likely]] {
    ++p_;
    return true;
  }
  SkipBlanks();
  if (p_ == end_ || *p_ == '\n') return EndLine();
  const char* const number = p_;
  while (p_ < end_ && !IsBlank(*p_) && *p_ != '\n') ++p_;
  TimeMs t = 0;
  const auto parsed = std::from_chars(*number == '+' ? number + 1 : number, p_, t);
  if (parsed.ec != std::errc() || parsed.ptr != p_)
    return Expected(number, "timestamp in milliseconds");
  timestamp_ = t;
  return EndLine();
}

bool TextParser::EndLine() {
  SkipBlanks();
  if (p_ < end_ && *p_ != '\n') return Expected(p_, "next entry after timestamp");
  if (p_ < end_) ++p_;
  return true;
}

// Reads the string whose opening quote is **p, unescaping \\, \" and \n; other escapes stay as they
// are.
bool TextParser::ReadQuoted(const char** p, const char* end, std::string* out) {
  const char* const start = (*p)++;
  out->clear();
  while (*p < end && **p != '"') {
    const char* const run = *p;
    while (*p < end && **p != '"' && **p != '\\') ++*p;
    out->append(run, *p);
    if (*p + 1 < end && **p == '\\') {
      const char c = (*p)[1];
      if (c != '\\' && c != '"' && c != 'n') out->push_back('\\');
      out->push_back(c == 'n' ? '\n' : c);
      *p += 2;
    } else if (*p < end && **p == '\\') {
      ++*p;
    }
  }
  if (*p >= end) return Fail(start, "label value is not closed");
  ++*p;
  if (!IsValidUtf8(*out)) return Fail(start, "invalid UTF-8 label value");
  return true;
}

bool TextParser::AppendLabels(LabelsBuilder* labels, std::vector<std::string>* empty_names) {
  const char* p = series_.data();
  const char* const end = p + series_.size();
  const char* const name_end = NameEnd(p, end);
  if (name_end > p)
    labels->Set(kMetricNameLabel, std::string_view(p, static_cast<size_t>(name_end - p)));
  p = hearth::SkipBlanks(name_end, end);
  if (p == end) return true;
  ++p;  // The brace that ScanSeries saw.
  std::string name, value;
  while (true) {
    p = hearth::SkipBlanks(p, end);
    if (*p == '}') break;
    const char* const name_at = p;
    const bool quoted = *p == '"';
    if (quoted) {
      if (!ReadQuoted(&p, end, &name)) return false;
    } else {
      p = NameEnd(p, end);
      name.assign(name_at, p);
      if (name.empty() || name.find(':') != std::string::npos)
        return Expected(name_at, "label name");
    }
    p = hearth::SkipBlanks(p, end);
    if (quoted && (*p == ',' || *p == '}')) {
      if (!labels->Get(kMetricNameLabel).empty()) return Fail(name_at, "metric name already set");
      if (name.empty()) return Fail(name_at, "empty metric name");
      labels->Set(kMetricNameLabel, name);
    } else {
      if (*p != '=') return Expected(p, "equal");
      p = hearth::SkipBlanks(p + 1, end);
      if (*p != '"') return Expected(p, "label value");
      if (!ReadQuoted(&p, end, &value)) return false;
      if (name.empty()) return Fail(name_at, "empty label name");
      if (!labels->Get(name).empty())
        return Fail(name_at, StrCat("label name \"", name, "\" is not unique: invalid sample"));
      const bool bound = (type_ == MetricType::kHistogram && name == "le") ||
                         (type_ == MetricType::kSummary && name == "quantile");
      double number;
      if (bound && ParseSampleValue(value, &number)) {
        value.clear();
        AppendLabelFloat(number, &value);
      }
      labels->Set(name, value);
      if (value.empty() && empty_names != nullptr) empty_names->push_back(name);
    }
    p = hearth::SkipBlanks(p, end);
    if (*p == ',') {
      ++p;
    } else if (*p != '}') {
      return Expected(p, "comma or brace close");
    }
  }
  return true;
}

}  // namespace hearth
