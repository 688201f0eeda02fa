#include "scrape/exposition/line_parser.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "model/text.h"
#include "scrape/exposition/float_text.h"
#include "scrape/exposition/name_bytes.h"

namespace hearth {

using exposition::IsBlank;
using exposition::NameEnd;
using exposition::SkipBlanks;

namespace {

// Bytes that stand for themselves in a string, and need no look at UTF-8.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (size_t c = 0; c < 0x80; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();

}  // namespace

const char* LineParser::LineEnd(const char* p) const {
  const void* newline = std::memchr(p, '\n', static_cast<size_t>(end_ - p));
  return newline == nullptr ? end_ : static_cast<const char*>(newline);
}

bool LineParser::Fail(const char* at, std::string_view message) {
  const char* const begin = body_.data();
  const auto line = std::count(begin, at, '\n') + 1;
  const char* start = at;
  while (start > begin && start[-1] != '\n') --start;
  status_ =
      absl::InvalidArgumentError(StrCat("line ", line, ", column ", at - start + 1, ": ", message));
  return false;
}

bool LineParser::Expected(const char* at, std::string_view what) {
  constexpr size_t kQuotedMax = 40;
  const std::string_view rest(at, std::min(static_cast<size_t>(LineEnd(at) - at), kQuotedMax));
  std::string got;
  AppendQuoted(rest, &got);
  return Fail(at, StrCat("expected ", what, ", got ",
                         at == end_     ? "end of input"
                         : rest.empty() ? "end of line"
                                        : got));
}

bool LineParser::ReadFamily(const char** p, const char* line_end) {
  const char* const start = *p;
  if (start < line_end && *start == '"') {
    const char* q = start + 1;
    while (q < line_end && *q != '"') q += *q == '\\' && q + 1 < line_end ? 2 : 1;
    if (q >= line_end) return false;
    family_ = std::string_view(start + 1, static_cast<size_t>(q - start - 1));
    *p = q + 1;
  } else {
    *p = NameEnd(start, line_end);
    family_ = std::string_view(start, static_cast<size_t>(*p - start));
  }
  return !family_.empty() && (*p == line_end || IsBlank(**p));
}

// Reads the string whose opening quote is **p, unescaping \\, \" and \n; other escapes stay as they
// are.
bool LineParser::ReadQuoted(const char** p, const char* end, std::string* out) {
  const char* const start = *p;
  const char* q = start + 1;
  while (q < end && kPlain[static_cast<uint8_t>(*q)]) ++q;
  out->assign(start + 1, q);
  *p = q;
  if (q == end || *q != '"') [[unlikely]]
    return ReadUnusual(start, p, end, out);
  ++*p;
  return true;
}

// The rest of a string that is not all plain.
bool LineParser::ReadUnusual(const char* start, const char** p, const char* end, std::string* out) {
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

bool LineParser::ReadLabels(LabelsBuilder* labels, std::vector<std::string>* empty_names) {
  const char* const start = series_.data();
  const char* const end = start + series_.size();
  const char* const name_end = NameEnd(start, end);
  if (name_end > start) {
    labels->Set(kMetricNameLabel, std::string_view(start, static_cast<size_t>(name_end - start)));
  }
  const char* const brace = SkipBlanks(name_end, end);
  if (brace == end) return true;
  const std::string_view list(brace, static_cast<size_t>(end - brace));
  if (!ReadBraces(list, Braces::kSample, labels, empty_names)) return false;
  if (name_end == start && labels->Get(kMetricNameLabel).empty())
    return Fail(start, "metric name not set");
  return true;
}

bool LineParser::ReadBraces(std::string_view list, Braces kind, LabelsBuilder* labels,
                            std::vector<std::string>* empty_names) {
  const char* p = list.data() + 1;
  const char* const end = list.data() + list.size();
  std::string name, value;
  for (size_t count = 0;; ++count) {
    p = SkipBlanks(p, end);
    if (*p == '}') break;
    if (count == kLabelsMax) return Fail(p, StrCat("more than ", kLabelsMax, " labels"));
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
    p = SkipBlanks(p, end);
    if (quoted && kind == Braces::kSample && (*p == ',' || *p == '}')) {
      if (!labels->Get(kMetricNameLabel).empty()) return Fail(name_at, "metric name already set");
      if (name.empty()) return Fail(name_at, "empty metric name");
      labels->Set(kMetricNameLabel, name);
    } else {
      if (*p != '=') return Expected(p, "equal");
      p = SkipBlanks(p + 1, end);
      if (*p != '"') return Expected(p, "label value");
      if (!ReadQuoted(&p, end, &value)) return false;
      if (!SetLabel(name_at, name, &value, kind, labels, empty_names)) return false;
    }
    p = SkipBlanks(p, end);
    if (*p == ',') {
      ++p;
    } else if (*p != '}') {
      return Expected(p, "comma or brace close");
    }
  }
  return true;
}

bool LineParser::SetLabel(const char* name_at, std::string_view name, std::string* value,
                          Braces kind, LabelsBuilder* labels,
                          std::vector<std::string>* empty_names) {
  if (name.empty()) return Fail(name_at, "empty label name");
  if (!labels->Get(name).empty())
    return Fail(name_at, StrCat("label name \"", name, "\" is not unique: invalid sample"));
  const bool bound =
      kind == Braces::kSample && ((type_ == MetricType::kHistogram && name == "le") ||
                                  (type_ == MetricType::kSummary && name == "quantile"));
  double number;
  if (bound && ParseLabelFloat(*value, &number)) {
    value->clear();
    AppendLabelFloat(number, value);
  }
  labels->Set(name, *value);
  if (value->empty() && empty_names != nullptr) empty_names->emplace_back(name);
  return true;
}

}  // namespace hearth
