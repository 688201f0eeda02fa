// api/v1/json_writer.h
//
// JSON straight into a string, with the number and string forms of Prometheus' API. Commas are the
// writer's business; that objects hold keys and every Begin has its End is the caller's.
//
//   JsonWriter json(&out);
//   json.BeginObject().Key("yaml").String(text).EndObject();
//
// Thread safety: a writer belongs to one thread.
#ifndef HEARTH_API_V1_JSON_WRITER_H_
#define HEARTH_API_V1_JSON_WRITER_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "model/clock.h"
#include "model/histogram.h"
#include "model/histogram_buckets.h"
#include "model/labels.h"
#include "model/metadata.h"
#include "model/sample.h"

namespace hearth {

// A sample's value without quotes: shortest round trip, an exponent (of at least two digits) only
// below 1e-6 and from 1e21 on; NaN, +Inf, -Inf.
void AppendFloat(double value, std::string* out);
// Seconds: 1435781451 or 1435781451.781; a fraction always has three digits.
void AppendTimestamp(TimeMs t, std::string* out);

class JsonWriter {
 public:
  explicit JsonWriter(std::string* out) : out_(out) {}

  // Room for about so many bytes more, so that a large answer is not copied as it grows.
  void Reserve(size_t bytes) { out_->reserve(out_->size() + bytes); }

  JsonWriter& BeginObject() { return Open('{'); }
  JsonWriter& EndObject() { return Close('}'); }
  JsonWriter& BeginArray() { return Open('['); }
  JsonWriter& EndArray() { return Close(']'); }
  JsonWriter& Key(std::string_view key);
  JsonWriter& String(std::string_view value);
  JsonWriter& Int(int64_t value);
  JsonWriter& Uint(uint64_t value);
  // A JSON number; null for what JSON cannot say.
  JsonWriter& Number(double value);
  JsonWriter& Bool(bool value);
  JsonWriter& Null();

  // {"__name__":"up","job":"x"}
  JsonWriter& LabelSet(LabelsView labels);
  // [1435781451.781,"1.5"]
  JsonWriter& Point(TimeMs t, double value);
  // [[1435781451.781,"1.5"],…]
  JsonWriter& Points(std::span<const Sample> points);
  // [1435781451.781,{"count":"1","sum":"2","buckets":[[0,"1","2","1"]]}]
  JsonWriter& Point(TimeMs t, const Histogram& histogram);
  // {"labels":{"trace_id":"x"},"value":"1.5","timestamp":1435781451.781}
  JsonWriter& Item(const Exemplar& exemplar);

 private:
  JsonWriter& Open(char c) {
    Separate();
    out_->push_back(c);
    comma_ = false;
    return *this;
  }
  JsonWriter& Close(char c) {
    out_->push_back(c);
    comma_ = true;
    return *this;
  }
  void Separate() {
    if (comma_) out_->push_back(',');
    comma_ = true;
  }
  void QuotedFloat(double value);
  void Bucket(const HistogramBucket& bucket);
  void Buckets(const Histogram& histogram);

  std::string* const out_;
  bool comma_ = false;  // A value stands before the next one.
};

}  // namespace hearth

#endif  // HEARTH_API_V1_JSON_WRITER_H_
