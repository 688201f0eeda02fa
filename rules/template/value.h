// rules/template/value.h
//
// What a template computes with: nil, booleans, numbers, strings, and the few composite types that
// alert templates meet (a label set, args' map, a query's result and its samples, times). Each has
// the name of the type that Prometheus uses, because errors and %T print it.
//
// Thread safety: a value; whatever is large is shared and immutable, so a copy costs a reference
// count and range copies no vector.
#ifndef HEARTH_RULES_TEMPLATE_VALUE_H_
#define HEARTH_RULES_TEMPLATE_VALUE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "model/clock.h"
#include "model/labels.h"

namespace hearth::gotemplate {

enum class Kind : uint8_t {
  kNil,
  kBool,
  kInt,
  kByte,  // One byte of a string, Go's uint8.
  kFloat,
  kString,
  kHtml,       // What safeHtml returns: prints as a string, but is not an argument for one.
  kLabels,     // map[string]string
  kMap,        // map[string]interface {}: what args returns.
  kStruct,     // The alert's data: dot at the beginning.
  kSample,     // One element of a query's result.
  kVector,     // A query's result.
  kTime,       // Milliseconds since the epoch, UTC.
  kDuration,   // Nanoseconds.
  kHistogram,  // Known by its text alone.
};

class Value;
struct Sample;
struct Map;
struct Struct;
using SamplePtr = std::shared_ptr<const Sample>;

// A window [begin, end) of a shared vector.
struct Vector {
  std::shared_ptr<const std::vector<SamplePtr>> samples;
  size_t begin = 0;
  size_t end = 0;
  size_t size() const { return end - begin; }
  const SamplePtr& operator[](size_t i) const { return (*samples)[begin + i]; }
};

class Value {
 public:
  Value() = default;  // nil
  static Value Bool(bool b) { return Value(Kind::kBool, b); }
  static Value Int(int64_t i) { return Value(Kind::kInt, i); }
  static Value Byte(uint8_t b) { return Value(Kind::kByte, int64_t{b}); }
  static Value Float(double v) { return Value(Kind::kFloat, v); }
  static Value String(std::string text) { return OfText(Kind::kString, std::move(text)); }
  static Value Html(std::string text) { return OfText(Kind::kHtml, std::move(text)); }
  static Value Histogram(std::string text) { return OfText(Kind::kHistogram, std::move(text)); }
  static Value OfLabels(Labels labels) {
    return Value(Kind::kLabels, std::make_shared<const Labels>(std::move(labels)));
  }
  // The labels of a sample, without a copy.
  static Value LabelsOf(const Value& sample);
  static Value OfMap(std::shared_ptr<const Map> map) { return Value(Kind::kMap, std::move(map)); }
  static Value OfStruct(std::shared_ptr<const Struct> s) {
    return Value(Kind::kStruct, std::move(s));
  }
  // Never null.
  static Value OfSample(SamplePtr sample) { return Value(Kind::kSample, std::move(sample)); }
  static Value OfVector(Vector vector) { return Value(Kind::kVector, std::move(vector)); }
  static Value OfVector(std::vector<Sample> samples);
  static Value Time(TimeMs ms) { return Value(Kind::kTime, ms); }
  static Value Duration(int64_t ns) { return Value(Kind::kDuration, ns); }

  Kind kind() const { return kind_; }
  bool is_nil() const { return kind_ == Kind::kNil; }
  bool is_string() const { return kind_ == Kind::kString || kind_ == Kind::kHtml; }
  bool is_integer() const { return kind_ == Kind::kInt || kind_ == Kind::kByte; }

  // Each needs the kind that it names.
  bool boolean() const { return std::get<bool>(data_); }
  int64_t integer() const { return std::get<int64_t>(data_); }  // Also bytes, times, durations.
  double number() const { return std::get<double>(data_); }
  // Of a string, HTML, or a histogram.
  const std::string& text() const { return *std::get<std::shared_ptr<const std::string>>(data_); }
  const Labels& labels() const { return *std::get<std::shared_ptr<const Labels>>(data_); }
  const Map& map() const { return *std::get<std::shared_ptr<const Map>>(data_); }
  const Struct& structure() const { return *std::get<std::shared_ptr<const Struct>>(data_); }
  const Sample& sample() const { return *std::get<SamplePtr>(data_); }
  const Vector& vector() const { return std::get<Vector>(data_); }
  bool SameObject(const Value& other) const;  // Two samples: the same one.

 private:
  using Data =
      std::variant<std::monostate, bool, int64_t, double, std::shared_ptr<const std::string>,
                   std::shared_ptr<const Labels>, std::shared_ptr<const Map>,
                   std::shared_ptr<const Struct>, SamplePtr, Vector>;
  Value(Kind kind, Data data) : kind_(kind), data_(std::move(data)) {}
  static Value OfText(Kind kind, std::string text) {
    return Value(kind, std::make_shared<const std::string>(std::move(text)));
  }

  Kind kind_ = Kind::kNil;
  Data data_;
};

struct Sample {
  Labels labels;
  Value value;  // A float or a histogram.
};

struct Map {
  std::map<std::string, Value, std::less<>> entries;
  int depth = 1;  // Of maps within maps.
};

struct Struct {
  struct Field {
    std::string name;
    std::string type;
    Value value;
  };
  std::vector<Field> fields;
};

// Go's name of the type: `float64`, `map[string]string`, `template.queryResult`; `<nil>`.
std::string TypeName(const Value& value);

// Go's truth: not the zero of its type, not empty. A struct is true.
bool IsTrue(const Value& value);

}  // namespace hearth::gotemplate

#endif  // HEARTH_RULES_TEMPLATE_VALUE_H_
