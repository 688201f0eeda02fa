#include "scrape/exposition/open_metrics_parser.h"

#include <algorithm>
#include <cmath>

#include "model/text.h"
#include "scrape/exposition/float_text.h"
#include "scrape/exposition/name_bytes.h"

namespace hearth {
namespace {

using exposition::NameEnd;

constexpr std::string_view kUnfinished = "data does not end with # EOF";

struct Keyword {
  std::string_view text;  // With the blank behind it.
  ExpositionParser::Entry entry;
};
constexpr Keyword kKeywords[] = {{"HELP ", ExpositionParser::Entry::kHelp},
                                 {"TYPE ", ExpositionParser::Entry::kType},
                                 {"UNIT ", ExpositionParser::Entry::kUnit}};

constexpr std::pair<std::string_view, MetricType> kTypes[] = {
    {"counter", MetricType::kCounter},
    {"gauge", MetricType::kGauge},
    {"gaugehistogram", MetricType::kGaugeHistogram},
    {"histogram", MetricType::kHistogram},
    {"info", MetricType::kInfo},
    {"stateset", MetricType::kStateset},
    {"summary", MetricType::kSummary},
    {"unknown", MetricType::kUnknown},
};

std::string Quoted(std::string_view text) {
  std::string out;
  AppendQuoted(text.substr(0, 40), &out);
  return out;
}

}  // namespace

std::string OpenMetricsParser::Help() const {
  std::string out;
  out.reserve(text_.size());
  for (size_t i = 0; i < text_.size(); ++i) {
    const char next = text_[i] == '\\' && i + 1 < text_.size() ? text_[i + 1] : '\0';
    if (next == '\\' || next == '"' || next == 'n') {
      out.push_back(next == 'n' ? '\n' : next);
      ++i;
    } else {
      out.push_back(text_[i]);
    }
  }
  return out;
}

OpenMetricsParser::Entry OpenMetricsParser::Next() {
  if (!status_.ok()) return Entry::kError;
  if (ended_) return Entry::kEnd;
  if (options_.start_times && StartTimes::HasThem(type_)) [[unlikely]] {
    PassCreated();
    if (!status_.ok()) return Entry::kError;
  }
  if (p_ == end_) {
    Fail(p_, kUnfinished);
    return Entry::kError;
  }
  if (*p_ != '#') return Entry::kSample;
  starts_read_ = false;
  return ReadComment();
}

void OpenMetricsParser::PassCreated() {
  while (p_ < end_ && *p_ != '#') {
    if (!starts_read_) starts_.Read({p_, static_cast<size_t>(end_ - p_)}, type_);
    starts_read_ = true;
    const char* const line = p_;
    if (!ScanSeries()) return;
    std::string_view name = series_.substr(0, series_.find('{'));
    LabelsBuilder labels;
    if (name.empty()) {  // It stands among the labels.
      if (!AppendLabels(&labels)) return;
      name = labels.Get(kMetricNameLabel);
    }
    if (!StartTimes::IsCreatedName(name)) {
      p_ = line;
      return;
    }
    if (!ReadValue()) return;
  }
}

TimeMs OpenMetricsParser::StartTime() {
  if (!starts_read_ || starts_.empty()) return 0;
  LabelsBuilder labels;
  return AppendLabels(&labels) ? starts_.Of(std::move(labels)) : 0;
}

OpenMetricsParser::Entry OpenMetricsParser::ReadComment() {
  const char* const line_end = LineEnd(p_);
  std::string_view line(p_, static_cast<size_t>(line_end - p_));
  if (line.substr(0, 5) == "# EOF") return ReadEnd();
  if (line.substr(0, 2) == "# ") {
    line.remove_prefix(2);
    for (const Keyword& keyword : kKeywords) {
      if (line.substr(0, keyword.text.size()) != keyword.text) continue;
      const char* const name = p_ += 2 + keyword.text.size();
      if (!ReadFamily(&p_, line_end)) {
        Expected(name,
                 StrCat("metric name after ", keyword.text.substr(0, keyword.text.size() - 1)));
        return Entry::kError;
      }
      return ReadText(keyword.entry, line_end) ? keyword.entry : Entry::kError;
    }
  }
  Expected(p_, "a valid start token");
  return Entry::kError;
}

OpenMetricsParser::Entry OpenMetricsParser::ReadEnd() {
  p_ += 5;
  if (p_ < end_ && *p_ == '\n') ++p_;
  if (p_ < end_) {
    Fail(p_, "unexpected data after # EOF");
    return Entry::kError;
  }
  ended_ = true;
  return Entry::kEnd;
}

// Reads what follows the family on its line.
bool OpenMetricsParser::ReadText(Entry entry, const char* line_end) {
  if (p_ == line_end || *p_ != ' ') return Expected(p_, "text after metric name");
  if (line_end == end_) return Fail(end_, kUnfinished);
  const char* const at = ++p_;
  text_ = std::string_view(at, static_cast<size_t>(line_end - at));
  p_ = line_end + 1;
  if (entry == Entry::kUnit) return CheckUnit(at);
  if (entry == Entry::kHelp) {
    return IsValidUtf8(text_) || Fail(at, "help text is not valid UTF-8");
  }
  for (const auto& [name, type] : kTypes) {
    if (name != text_) continue;
    type_ = type;
    return true;
  }
  return Fail(at, StrCat("invalid metric type ", Quoted(text_)));
}

bool OpenMetricsParser::CheckUnit(const char* at) {
  if (text_.empty()) return true;
  if (family_.size() > text_.size() && family_.substr(family_.size() - text_.size()) == text_ &&
      family_[family_.size() - text_.size() - 1] == '_') {
    return true;
  }
  return Fail(at, StrCat("unit ", Quoted(text_), " not a suffix of metric ", Quoted(family_)));
}

bool OpenMetricsParser::ScanQuoted() {
  const char* const start = p_++;
  while (p_ < end_ && *p_ != '"') {
    if (*p_ == '\n') return Fail(start, "label value is not closed on its line");
    p_ += *p_ == '\\' && p_ + 1 < end_ && p_[1] != '\n' ? 2 : 1;
  }
  if (p_ == end_) return Fail(start, "label value is not closed at the end of input");
  ++p_;
  return true;
}

bool OpenMetricsParser::ScanBraces() {
  ++p_;
  while (p_ < end_ && *p_ != '}') {
    if (*p_ == '"') {
      if (!ScanQuoted()) return false;
    } else if (*p_ == '\n') {
      return Fail(p_, "label list is not closed on its line");
    } else if (exposition::IsBlank(*p_)) {
      return Expected(p_, "label name, comma or brace close");
    } else {
      ++p_;
    }
  }
  if (p_ == end_) return Fail(p_, "label list is not closed at the end of input");
  ++p_;
  return true;
}

bool OpenMetricsParser::ScanSeries() {
  const char* const start = p_;
  p_ = NameEnd(p_, end_);
  if (p_ == start && *p_ != '{') return Expected(p_, "a valid start token");
  if (p_ < end_ && *p_ == '{' && !ScanBraces()) return false;
  series_ = std::string_view(start, static_cast<size_t>(p_ - start));
  return true;
}

std::string_view OpenMetricsParser::TakeToken() {
  if (p_ == end_ || *p_ != ' ') return {};
  const char* const start = ++p_;
  while (p_ < end_ && *p_ != ' ' && *p_ != '\n') ++p_;
  return {start, static_cast<size_t>(p_ - start)};
}

bool OpenMetricsParser::ExpectedToken(const char* at, std::string_view what) {
  return Expected(at < end_ && *at == ' ' ? at + 1 : at, what);
}

bool OpenMetricsParser::ReadValue() {
  const char* const start = p_;
  has_exemplar_ = false;
  timestamp_.reset();
  if (!ParseSampleValue(TakeToken(), &value_)) return ExpectedToken(start, "value after metric");
  if (p_ < end_ && *p_ == '\n') [[likely]] {
    ++p_;
    return true;
  }
  return ReadTail();
}

bool OpenMetricsParser::ReadSeconds(std::string_view what, std::optional<TimeMs>* t) {
  const char* const start = p_;
  double seconds = 0;
  if (!ParseSampleValue(TakeToken(), &seconds)) return ExpectedToken(start, what);
  const double ms = seconds * 1000;
  if (!(std::abs(ms) < 9.2e18)) return Fail(start + 1, StrCat("invalid ", what, " ", seconds));
  *t = static_cast<TimeMs>(ms);
  return true;
}

// Reads the line from behind the value: timestamp and exemplar, both of which may be missing.
bool OpenMetricsParser::ReadTail() {
  const auto exemplar_follows = [this] {
    return std::string_view(p_, static_cast<size_t>(end_ - p_)).substr(0, 4) == " # {";
  };
  if (p_ < end_ && !exemplar_follows() && !ReadSeconds("timestamp in seconds", &timestamp_)) {
    return false;
  }
  if (exemplar_follows() && !ScanExemplar()) return false;
  if (p_ == end_) return Fail(p_, kUnfinished);
  if (*p_ != '\n') {
    return Expected(p_, has_exemplar_ ? "next entry after exemplar" : "next entry after timestamp");
  }
  ++p_;
  return true;
}

bool OpenMetricsParser::ScanExemplar() {
  p_ += 3;
  const char* const brace = p_;
  if (!ScanBraces()) return false;
  exemplar_labels_ = std::string_view(brace, static_cast<size_t>(p_ - brace));
  const char* const value_at = p_;
  if (!ParseSampleValue(TakeToken(), &exemplar_value_)) {
    return ExpectedToken(value_at, "value after exemplar labels");
  }
  exemplar_t_.reset();
  has_exemplar_ = true;
  if (p_ == end_ || *p_ == '\n') return true;
  return ReadSeconds("exemplar timestamp in seconds", &exemplar_t_);
}

bool OpenMetricsParser::ReadExemplar(TimeMs t, Exemplar* exemplar) {
  LabelsBuilder labels;
  if (!ReadBraces(exemplar_labels_, Braces::kExemplar, &labels, nullptr)) return false;
  *exemplar = {labels.Build(), exemplar_value_, exemplar_t_.value_or(t), exemplar_t_.has_value()};
  return true;
}

}  // namespace hearth
