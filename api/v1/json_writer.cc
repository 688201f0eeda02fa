#include "api/v1/json_writer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "model/float_text.h"
#include "model/json_string.h"

namespace hearth {
namespace {

template <typename T>
void AppendInteger(T value, std::string* out) {
  char buffer[24];
  out->append(buffer, std::to_chars(buffer, buffer + sizeof(buffer), value).ptr);
}

// A sign, 16 digits of seconds and a fraction.
constexpr size_t kTimestampRoom = kIntegerTextRoom + 8;

char* WriteThreeDigits(unsigned value, char* out) {
  out[0] = static_cast<char>('0' + value / 100);
  out[1] = static_cast<char>('0' + value / 10 % 10);
  out[2] = static_cast<char>('0' + value % 10);
  return out + 3;
}

char* WriteFraction(unsigned milliseconds, char* out) {
  if (milliseconds == 0) return out;
  *out++ = '.';
  return WriteThreeDigits(milliseconds, out);
}

char* WriteTimestamp(TimeMs t, char* out) {
  uint64_t magnitude = static_cast<uint64_t>(t);
  if (t < 0) {
    *out++ = '-';
    magnitude = 0 - magnitude;
  }
  out = WriteInteger(magnitude / 1000, out);
  return WriteFraction(static_cast<unsigned>(magnitude % 1000), out);
}

// Writes timestamps that lie near to each other: remembers the text of all but the last digits.
class NearTimestamps {
 public:
  char* Write(TimeMs t, char* out) {
    if (t < kUnitMs) return WriteTimestamp(t, out);
    const TimeMs unit = t / kUnitMs;
    const auto rest = static_cast<unsigned>(t % kUnitMs);
    if (unit != unit_) {
      unit_ = unit;
      text_bytes_ = WriteInteger(static_cast<uint64_t>(unit), text_) - text_;
    }
    std::memcpy(out, text_, kUnitDigitsMax);
    return WriteFraction(rest % 1000, WriteThreeDigits(rest / 1000, out + text_bytes_));
  }

 private:
  static constexpr TimeMs kUnitMs = 1'000'000;  // The last three digits of the seconds.
  static constexpr size_t kUnitDigitsMax = 13;  // 2^63 / kUnitMs
  TimeMs unit_ = 0;
  char text_[kIntegerTextRoom];
  ptrdiff_t text_bytes_ = 0;
};

// Small pieces are gathered in the first-level cache before the string is asked for room.
constexpr size_t kGatherBytes = 4096;
constexpr size_t kPointRoom = kTimestampRoom + kFloatTextRoom + 8;

// [1435781451.781,"1.5"]
char* WritePoint(Sample sample, NearTimestamps* timestamps, char* out) {
  *out++ = '[';
  out = timestamps->Write(sample.t, out);
  *out++ = ',';
  *out++ = '"';
  out = WriteFloat(sample.v, out);
  *out++ = '"';
  *out++ = ']';
  return out;
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

void AppendFloat(double value, std::string* out) {
  char buffer[kFloatTextRoom];
  out->append(buffer, WriteFloat(value, buffer));
}

void AppendTimestamp(TimeMs t, std::string* out) {
  char buffer[kTimestampRoom];
  out->append(buffer, WriteTimestamp(t, buffer));
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

JsonWriter& JsonWriter::Uint(uint64_t value) {
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
  char buffer[kGatherBytes];
  size_t used = 0;
  const auto put = [&](std::string_view text) {
    std::memcpy(buffer + used, text.data(), text.size());
    used += text.size();
  };
  for (const Label label : labels) {
    const bool plain = PlainLength(label.name) == label.name.size() &&
                       PlainLength(label.value) == label.value.size();
    const size_t room = label.name.size() + label.value.size() + sizeof(",\"\":\"\"");
    if (used + room > sizeof(buffer)) {
      out_->append(buffer, used);
      used = 0;
    }
    if (!plain || room > sizeof(buffer)) {
      out_->append(buffer, used);
      used = 0;
      Key(label.name).String(label.value);
      continue;
    }
    put(comma_ ? ",\"" : "\"");
    put(label.name);
    put("\":\"");
    put(label.value);
    put("\"");
    comma_ = true;
  }
  out_->append(buffer, used);
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
  NearTimestamps timestamps;
  char buffer[kPointRoom];
  out_->append(buffer, WritePoint({t, value}, &timestamps, buffer));
  return *this;
}

JsonWriter& JsonWriter::Points(std::span<const Sample> points) {
  BeginArray();
  NearTimestamps timestamps;
  char buffer[kGatherBytes];
  char* const full = buffer + sizeof(buffer) - kPointRoom - 1;
  char* end = buffer;
  for (const Sample& point : points) {
    if (end > full) {
      out_->append(buffer, end);
      end = buffer;
    }
    if (comma_) *end++ = ',';
    comma_ = true;
    end = WritePoint(point, &timestamps, end);
  }
  out_->append(buffer, end);
  return EndArray();
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

JsonWriter& JsonWriter::Item(const Exemplar& exemplar) {
  BeginObject().Key("labels").LabelSet(exemplar.labels).Key("value");
  QuotedFloat(exemplar.value);
  Key("timestamp").Separate();
  AppendTimestamp(exemplar.t, out_);
  return EndObject();
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
