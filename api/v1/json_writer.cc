#include "api/v1/json_writer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <vector>

namespace hearth {
namespace {

// Printable ASCII that stands for itself.
bool IsPlain(uint8_t c) {
  return c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}

void AppendUnicodeEscape(unsigned code, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out->append("\\u");
  for (int shift = 12; shift >= 0; shift -= 4) out->push_back(kHex[code >> shift & 15]);
}

void AppendAsciiEscape(char c, std::string* out) {
  switch (c) {
    case '"':
    case '\\':
      out->push_back('\\');
      out->push_back(c);
      break;
    case '\n':
      out->append("\\n");
      break;
    case '\r':
      out->append("\\r");
      break;
    case '\t':
      out->append("\\t");
      break;
    default:
      AppendUnicodeEscape(static_cast<uint8_t>(c), out);
  }
}

// The length of the valid UTF-8 sequence of two or more bytes at the front of `s`; 0 when there is
// none.
size_t MultibyteLength(std::string_view s) {
  for (size_t n = 2; n <= 4 && n <= s.size(); ++n) {
    if (IsValidUtf8(s.substr(0, n))) return n;
  }
  return 0;
}

template <typename T>
void AppendInteger(T value, std::string* out) {
  char buffer[24];
  out->append(buffer, std::to_chars(buffer, buffer + sizeof(buffer), value).ptr);
}

// The upper bound of bucket `index` of an exponential histogram: 2^(index * 2^-schema), exact where
// it is a power of two.
double ExponentialBound(int32_t schema, int64_t index) {
  if (schema <= 0)
    return std::ldexp(1.0, static_cast<int>(std::clamp<int64_t>(index << -schema, -2000, 2000)));
  const int64_t whole = index >> schema;
  const int64_t part = index - (whole << schema);
  return std::ldexp(std::exp2(std::ldexp(static_cast<double>(part), -schema)),
                    static_cast<int>(std::clamp<int64_t>(whole, -2000, 2000)));
}

// Calls fn(index, count) for each populated bucket in ascending order of index.
template <typename Fn>
void ForEachBucket(const std::vector<HistogramSpan>& spans, const std::vector<double>& counts,
                   Fn fn) {
  int64_t index = 0;
  size_t next = 0;
  for (const HistogramSpan& span : spans) {
    index += span.offset;
    for (uint32_t i = 0; i < span.length && next < counts.size(); ++i) fn(index++, counts[next++]);
  }
}

double CustomBound(const Histogram& histogram, int64_t index) {
  if (index < 0) return -HUGE_VAL;
  const auto i = static_cast<size_t>(index);
  return i < histogram.custom_values.size() ? histogram.custom_values[i] : HUGE_VAL;
}

}  // namespace

void AppendJsonString(std::string_view s, std::string* out) {
  out->push_back('"');
  while (!s.empty()) {
    const size_t plain = static_cast<size_t>(
        std::find_if_not(s.begin(), s.end(),
                         [](char c) { return IsPlain(static_cast<uint8_t>(c)); }) -
        s.begin());
    out->append(s.substr(0, plain));
    s.remove_prefix(plain);
    if (s.empty()) break;
    if (static_cast<uint8_t>(s.front()) < 0x80) {
      AppendAsciiEscape(s.front(), out);
      s.remove_prefix(1);
      continue;
    }
    const size_t length = MultibyteLength(s);
    const std::string_view sequence = s.substr(0, length);
    if (length == 0) {
      out->append("\\ufffd");
    } else if (sequence == "\xe2\x80\xa8" || sequence == "\xe2\x80\xa9") {
      AppendUnicodeEscape(sequence.back() == '\xa8' ? 0x2028 : 0x2029, out);
    } else {
      out->append(sequence);
    }
    s.remove_prefix(std::max<size_t>(length, 1));
  }
  out->push_back('"');
}

void AppendFloat(double value, std::string* out) {
  if (std::isnan(value)) {
    out->append("NaN");
    return;
  }
  if (std::isinf(value)) {
    out->append(value > 0 ? "+Inf" : "-Inf");
    return;
  }
  const double magnitude = std::abs(value);
  const bool exponent = magnitude != 0 && (magnitude < 1e-6 || magnitude >= 1e21);
  char buffer[64];
  const auto result =
      std::to_chars(buffer, buffer + sizeof(buffer), value,
                    exponent ? std::chars_format::scientific : std::chars_format::fixed);
  out->append(buffer, result.ptr);
}

void AppendTimestamp(TimeMs t, std::string* out) {
  uint64_t magnitude = static_cast<uint64_t>(t);
  if (t < 0) {
    out->push_back('-');
    magnitude = 0 - magnitude;
  }
  AppendInteger(magnitude / 1000, out);
  const unsigned fraction = static_cast<unsigned>(magnitude % 1000);
  if (fraction == 0) return;
  out->push_back('.');
  out->push_back(static_cast<char>('0' + fraction / 100));
  out->push_back(static_cast<char>('0' + fraction / 10 % 10));
  out->push_back(static_cast<char>('0' + fraction % 10));
}

JsonWriter& JsonWriter::Key(std::string_view key) {
  Separate();
  AppendJsonString(key, out_);
  out_->push_back(':');
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::String(std::string_view value) {
  Separate();
  AppendJsonString(value, out_);
  return *this;
}

JsonWriter& JsonWriter::Int(int64_t value) {
  Separate();
  AppendInteger(value, out_);
  return *this;
}

JsonWriter& JsonWriter::Number(double value) {
  if (!std::isfinite(value)) return Null();
  Separate();
  AppendFloat(value, out_);
  return *this;
}

JsonWriter& JsonWriter::Bool(bool value) {
  Separate();
  out_->append(value ? "true" : "false");
  return *this;
}

JsonWriter& JsonWriter::Null() {
  Separate();
  out_->append("null");
  return *this;
}

JsonWriter& JsonWriter::LabelSet(LabelsView labels) {
  BeginObject();
  for (const Label label : labels) Key(label.name).String(label.value);
  return EndObject();
}

void JsonWriter::QuotedFloat(double value) {
  Separate();
  out_->push_back('"');
  AppendFloat(value, out_);
  out_->push_back('"');
}

JsonWriter& JsonWriter::Point(TimeMs t, double value) {
  Separate();
  out_->push_back('[');
  AppendTimestamp(t, out_);
  out_->append(",\"");
  AppendFloat(value, out_);
  out_->append("\"]");
  return *this;
}

JsonWriter& JsonWriter::Point(TimeMs t, const Histogram& histogram) {
  BeginArray();
  Separate();
  AppendTimestamp(t, out_);
  BeginObject().Key("count");
  QuotedFloat(histogram.count);
  Key("sum");
  QuotedFloat(histogram.sum);
  Buckets(histogram);
  return EndObject().EndArray();
}

void JsonWriter::Bucket(int rule, double lower, double upper, double count) {
  BeginArray().Int(rule);
  QuotedFloat(lower);
  QuotedFloat(upper);
  QuotedFloat(count);
  EndArray();
}

// Rules: 0 = open at the left, 1 = open at the right, 3 = closed at both ends. Empty buckets are
// left out, and without any the key is.
void JsonWriter::Buckets(const Histogram& histogram) {
  struct Row {
    int rule;
    double lower, upper, count;
  };
  std::vector<Row> rows;
  const int32_t schema = histogram.schema;
  ForEachBucket(histogram.negative_spans, histogram.negative_buckets, [&](int64_t i, double count) {
    if (count != 0)
      rows.push_back({1, -ExponentialBound(schema, i), -ExponentialBound(schema, i - 1), count});
  });
  std::reverse(rows.begin(), rows.end());
  if (histogram.zero_count != 0) {
    rows.push_back({3, -histogram.zero_threshold, histogram.zero_threshold, histogram.zero_count});
  }
  ForEachBucket(histogram.positive_spans, histogram.positive_buckets, [&](int64_t i, double count) {
    if (count == 0) return;
    if (schema == kCustomBucketsSchema) {
      rows.push_back({0, CustomBound(histogram, i - 1), CustomBound(histogram, i), count});
    } else {
      rows.push_back({0, ExponentialBound(schema, i - 1), ExponentialBound(schema, i), count});
    }
  });
  if (rows.empty()) return;
  Key("buckets").BeginArray();
  for (const Row& row : rows) Bucket(row.rule, row.lower, row.upper, row.count);
  EndArray();
}

}  // namespace hearth
