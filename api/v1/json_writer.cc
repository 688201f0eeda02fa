#include "api/v1/json_writer.h"

#include <charconv>
#include <cmath>
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

// How a bucket's bounds belong to it, in Prometheus' numbers.
int BoundaryRule(const HistogramBucket& bucket) {
  if (bucket.lower_inclusive) return bucket.upper_inclusive ? 3 : 1;
  return bucket.upper_inclusive ? 0 : 2;
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

void JsonWriter::Bucket(const HistogramBucket& bucket) {
  BeginArray().Int(BoundaryRule(bucket));
  QuotedFloat(bucket.lower);
  QuotedFloat(bucket.upper);
  QuotedFloat(bucket.count);
  EndArray();
}

// Without populated buckets the key is left out.
void JsonWriter::Buckets(const Histogram& histogram) {
  const std::vector<HistogramBucket> buckets = PopulatedBuckets(histogram);
  if (buckets.empty()) return;
  Key("buckets").BeginArray();
  for (const HistogramBucket& bucket : buckets) Bucket(bucket);
  EndArray();
}

}  // namespace hearth
