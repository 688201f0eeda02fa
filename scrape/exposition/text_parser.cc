#include "scrape/exposition/text_parser.h"

#include <charconv>

#include "model/text.h"
#include "scrape/exposition/float_text.h"
#include "scrape/exposition/name_bytes.h"

namespace hearth {
namespace {

using exposition::IsBlank;
using exposition::NameEnd;

bool MetricTypeOf(std::string_view name, MetricType* type) {
  static constexpr std::pair<std::string_view, MetricType> kTypes[] = {
      {"counter", MetricType::kCounter},     {"gauge", MetricType::kGauge},
      {"histogram", MetricType::kHistogram}, {"summary", MetricType::kSummary},
      {"untyped", MetricType::kUnknown},
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

std::string TextParser::Help() const {
  std::string out;
  out.reserve(text_.size());
  for (size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\\' && i + 1 < text_.size() && (text_[i + 1] == '\\' || text_[i + 1] == 'n')) {
      out.push_back(text_[++i] == 'n' ? '\n' : '\\');
    } else {
      out.push_back(text_[i]);
    }
  }
  return out;
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

// Returns kEnd for a comment that says nothing. The line is consumed unless it is in error.
TextParser::Entry TextParser::ReadComment() {
  const char* const line_end = LineEnd(p_);
  const char* p = p_ + 1;
  p_ = line_end < end_ ? line_end + 1 : end_;
  const char* const word = exposition::SkipBlanks(p, line_end);
  if (word == p) return Entry::kEnd;
  for (p = word; p < line_end && !IsBlank(*p);) ++p;
  const std::string_view keyword(word, static_cast<size_t>(p - word));
  const Entry entry = p == line_end       ? Entry::kEnd
                      : keyword == "HELP" ? Entry::kHelp
                      : keyword == "TYPE" ? Entry::kType
                      : keyword == "UNIT" ? Entry::kUnit
                                          : Entry::kEnd;
  if (entry == Entry::kEnd) return entry;
  const char* name = p = exposition::SkipBlanks(p, line_end);
  if (!ReadFamily(&p, line_end)) {
    if (entry == Entry::kUnit) return Entry::kEnd;  // In this format a comment like any other.
    Expected(name, StrCat("metric name after ", keyword));
    return Entry::kError;
  }
  if (p < line_end) ++p;  // One blank; what follows it belongs to the text.
  text_ = std::string_view(p, static_cast<size_t>(line_end - p));
  if (entry == Entry::kHelp && !IsValidUtf8(text_)) {
    Fail(p, "help text is not valid UTF-8");
    return Entry::kError;
  }
  if (entry == Entry::kType && !MetricTypeOf(text_, &type_)) {
    std::string quoted;
    AppendQuoted(text_.substr(0, 40), &quoted);
    Fail(p, StrCat("invalid metric type ", quoted));
    return Entry::kError;
  }
  return entry;
}

// A newline is like any other byte, unless it is escaped.
bool TextParser::ScanQuoted() {
  const char* const start = p_++;
  while (p_ < end_ && *p_ != '"') {
    if (*p_ == '\\' && p_ + 1 < end_) {
      if (p_[1] == '\n') return Fail(start, "label value is not closed on its line");
      ++p_;
    }
    ++p_;
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

bool TextParser::ReadExemplar(TimeMs, Exemplar*) { return false; }

}  // namespace hearth
