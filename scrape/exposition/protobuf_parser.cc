#include "scrape/exposition/protobuf_parser.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "model/sample.h"
#include "model/text.h"
#include "protozero/pbf_reader.hpp"
#include "scrape/exposition/float_text.h"

namespace hearth {
namespace {

using protozero::pbf_reader;
using protozero::pbf_wire_type;
using protozero::tag_and_type;

constexpr pbf_wire_type kVarint = pbf_wire_type::varint;
constexpr pbf_wire_type kBytes = pbf_wire_type::length_delimited;
constexpr pbf_wire_type kDouble = pbf_wire_type::fixed64;

// MetricFamily.
constexpr uint32_t kFamilyName = tag_and_type(1, kBytes);
constexpr uint32_t kFamilyHelp = tag_and_type(2, kBytes);
constexpr uint32_t kFamilyType = tag_and_type(3, kVarint);
constexpr uint32_t kFamilyMetric = tag_and_type(4, kBytes);
constexpr uint32_t kFamilyUnit = tag_and_type(5, kBytes);
// Metric. The value is a message in a field that depends on the type.
constexpr uint32_t kMetricLabel = tag_and_type(1, kBytes);
constexpr uint32_t kMetricTimestamp = tag_and_type(6, kVarint);
// LabelPair.
constexpr uint32_t kLabelName = tag_and_type(1, kBytes);
constexpr uint32_t kLabelValue = tag_and_type(2, kBytes);
// Gauge, Counter, Untyped.
constexpr uint32_t kPlainValue = tag_and_type(1, kDouble);
constexpr uint32_t kPlainExemplar = tag_and_type(2, kBytes);
// Summary and Histogram, as far as they are the same.
constexpr uint32_t kCount = tag_and_type(1, kVarint);
constexpr uint32_t kSum = tag_and_type(2, kDouble);
constexpr uint32_t kRow = tag_and_type(3, kBytes);  // Quantile or Bucket.
constexpr uint32_t kCountFloat = tag_and_type(4, kDouble);
// Histogram: what only native ones have.
constexpr uint32_t kZeroThreshold = tag_and_type(6, kDouble);
constexpr uint32_t kZeroCount = tag_and_type(7, kVarint);
constexpr uint32_t kZeroCountFloat = tag_and_type(8, kDouble);
constexpr uint32_t kNegativeSpan = tag_and_type(9, kBytes);
constexpr uint32_t kPositiveSpan = tag_and_type(12, kBytes);
// Bucket.
constexpr uint32_t kBucketCount = tag_and_type(1, kVarint);
constexpr uint32_t kBucketBound = tag_and_type(2, kDouble);
constexpr uint32_t kBucketExemplar = tag_and_type(3, kBytes);
constexpr uint32_t kBucketCountFloat = tag_and_type(4, kDouble);
// Quantile.
constexpr uint32_t kQuantile = tag_and_type(1, kDouble);
constexpr uint32_t kQuantileValue = tag_and_type(2, kDouble);
// Exemplar, and its Timestamp.
constexpr uint32_t kExemplarLabel = tag_and_type(1, kBytes);
constexpr uint32_t kExemplarValue = tag_and_type(2, kDouble);
constexpr uint32_t kExemplarTimestamp = tag_and_type(3, kBytes);
constexpr uint32_t kSeconds = tag_and_type(1, kVarint);
constexpr uint32_t kNanos = tag_and_type(2, kVarint);

// By MetricFamily's type: ours, and the field of Metric with its value.
struct TypeRow {
  MetricType type;
  uint32_t value_field;
};
constexpr TypeRow kTypes[] = {
    {MetricType::kCounter, tag_and_type(3, kBytes)},
    {MetricType::kGauge, tag_and_type(2, kBytes)},
    {MetricType::kSummary, tag_and_type(4, kBytes)},
    {MetricType::kUnknown, tag_and_type(5, kBytes)},
    {MetricType::kHistogram, tag_and_type(7, kBytes)},
    {MetricType::kGaugeHistogram, tag_and_type(7, kBytes)},
};

constexpr size_t kLengthBytes = 4;
// Bound, suffix, brace and blank.
constexpr size_t kKeyTailBytes = 8 + 1 + 2;

uint32_t ValueField(MetricType type) {
  for (const TypeRow& row : kTypes) {
    if (row.type == type) return row.value_field;
  }
  return 0;
}

bool IsUnitSuffix(std::string_view name, std::string_view unit, MetricType type) {
  constexpr std::string_view kTotal = "_total";
  if (type == MetricType::kCounter && name.size() > kTotal.size() &&
      name.substr(name.size() - kTotal.size()) == kTotal) {
    name.remove_suffix(kTotal.size());
  }
  return name.size() > unit.size() && name.substr(name.size() - unit.size()) == unit &&
         name[name.size() - unit.size() - 1] == '_';
}

std::string Quoted(std::string_view text) {
  std::string out;
  AppendQuoted(text.substr(0, 80), &out);
  return out;
}

double Canonical(double value) { return std::isnan(value) ? NormalNaN() : value; }

// Milliseconds of a google.protobuf.Timestamp; false when they do not fit.
bool ReadTimestamp(std::string_view message, TimeMs* t) {
  int64_t seconds = 0, nanos = 0;
  for (pbf_reader reader(message); reader.next();) {
    switch (reader.tag_and_type()) {
      case kSeconds:
        seconds = reader.get_int64();
        break;
      case kNanos:
        nanos = reader.get_int32();
        break;
      default:
        reader.skip();
    }
  }
  constexpr int64_t kSecondsMax = std::numeric_limits<int64_t>::max() / 1000 - 10;
  if (seconds > kSecondsMax || seconds < -kSecondsMax) return false;
  *t = seconds * 1000 + nanos / 1'000'000;
  return true;
}

}  // namespace

ExpositionParser::Entry ProtobufParser::Next() {
  if (!status_.ok()) return Entry::kError;
  try {  // protozero reports malformed bytes by exception; it ends here.
    return Step();
  } catch (const protozero::exception& e) {
    return Fail(StrCat("malformed protobuf: ", e.what()));
  }
}

ExpositionParser::Entry ProtobufParser::Fail(std::string_view message) {
  const auto at = message_.data() - body_.data();
  status_ =
      absl::InvalidArgumentError(StrCat("message ", messages_, " at byte ", at, ": ", message));
  return Entry::kError;
}

ExpositionParser::Entry ProtobufParser::Step() {
  while (true) {
    switch (stage_) {
      case Stage::kFamily:
        if (!BeginFamily()) return status_.ok() ? Entry::kEnd : Entry::kError;
        stage_ = Stage::kHelp;
        text_ = help_;
        return Entry::kHelp;
      case Stage::kHelp:
        stage_ = Stage::kType;
        return Entry::kType;
      case Stage::kType:
        stage_ = Stage::kUnit;
        text_ = unit_;
        if (!unit_.empty()) return Entry::kUnit;
        [[fallthrough]];
      case Stage::kUnit:
        stage_ = Stage::kMetrics;
        [[fallthrough]];
      case Stage::kMetrics:
        if (NextSample()) return Entry::kSample;
        if (!BeginMetric()) stage_ = Stage::kFamily;
    }
  }
}

bool ProtobufParser::BeginFamily() {
  if (rest_.empty()) return false;
  ++messages_;
  message_ = rest_;
  const char* p = rest_.data();
  const char* const end = p + rest_.size();
  const uint64_t length = protozero::decode_varint(&p, end);
  const auto left = static_cast<uint64_t>(end - p);
  if (length > left) {
    Fail(StrCat("length ", length, " exceeds the ", left, " bytes that are left"));
    return false;
  }
  message_ = std::string_view(p, length);
  rest_ = std::string_view(p + length, static_cast<size_t>(left - length));
  family_ = help_ = unit_ = metrics_ = {};
  int32_t type = 0;
  pbf_reader reader(message_);
  for (const char* field = message_.data(); reader.next(); field = reader.data().data()) {
    switch (reader.tag_and_type()) {
      case kFamilyName:
        family_ = reader.get_view();
        break;
      case kFamilyHelp:
        help_ = reader.get_view();
        break;
      case kFamilyType:
        type = reader.get_enum();
        break;
      case kFamilyUnit:
        unit_ = reader.get_view();
        break;
      case kFamilyMetric:
        if (metrics_.empty()) {
          metrics_ = message_.substr(static_cast<size_t>(field - message_.data()));
        }
        [[fallthrough]];
      default:
        reader.skip();
    }
  }
  return CheckFamily(type);
}

bool ProtobufParser::CheckFamily(int32_t type) {
  if (family_.empty() || !IsValidUtf8(family_)) {
    Fail(StrCat("invalid metric name: ", Quoted(family_)));
  } else if (!IsValidUtf8(help_)) {
    Fail(StrCat("invalid help for metric ", Quoted(family_)));
  } else if (type < 0 || type >= static_cast<int32_t>(std::size(kTypes))) {
    Fail(StrCat("unknown metric type for metric ", Quoted(family_), ": ", type));
  } else if (type_ = kTypes[type].type; !unit_.empty() && !IsUnitSuffix(family_, unit_, type_)) {
    Fail(StrCat("unit ", Quoted(unit_), " not a suffix of metric ", Quoted(family_)));
  }
  return status_.ok();
}

bool ProtobufParser::BeginMetric() {
  pbf_reader family(metrics_);
  if (!family.next(4, kBytes)) return false;
  const std::string_view metric = family.get_view();
  metrics_ = family.data();

  std::string_view value;
  timestamp_.reset();
  key_.assign(kLengthBytes, '\0');
  const uint32_t value_field = ValueField(type_);
  pbf_reader reader(metric);
  for (const char* field = metric.data(); reader.next(); field = reader.data().data()) {
    const uint32_t tag = reader.tag_and_type();
    if (tag == kMetricLabel) {
      reader.skip();
      key_.append(field, reader.data().data());
    } else if (tag == kMetricTimestamp) {
      if (const TimeMs t = reader.get_int64(); t != 0) timestamp_ = t;
    } else if (tag == value_field) {
      value = reader.get_view();
    } else {
      reader.skip();
    }
  }
  const size_t labels_bytes = key_.size() - kLengthBytes;
  key_.append(family_).append(kKeyTailBytes, ' ');
  key_[key_.size() - 2] = '}';
  const auto length = static_cast<uint32_t>(key_.size());
  std::memcpy(key_.data(), &length, kLengthBytes);
  labels_ = std::string_view(key_).substr(kLengthBytes, labels_bytes);

  if (type_ == MetricType::kHistogram || type_ == MetricType::kGaugeHistogram) {
    BeginHistogram(value);
  } else if (type_ == MetricType::kSummary) {
    BeginSummary(value);
  } else {
    BeginPlain(value);
  }
  return true;
}

void ProtobufParser::BeginHistogram(std::string_view message) {
  uint64_t count = 0;
  double count_float = 0;
  bool native = false;
  sum_ = 0;
  for (pbf_reader reader(message); reader.next();) {
    switch (reader.tag_and_type()) {
      case kCount:
        count = reader.get_uint64();
        break;
      case kCountFloat:
        count_float = reader.get_double();
        break;
      case kSum:
        sum_ = reader.get_double();
        break;
      case kZeroThreshold:
      case kZeroCountFloat:
        native |= reader.get_double() > 0;
        break;
      case kZeroCount:
        native |= reader.get_uint64() > 0;
        break;
      case kNegativeSpan:
      case kPositiveSpan:
        native = true;
        [[fallthrough]];
      default:
        reader.skip();
    }
  }
  native_histograms_ += native ? 1 : 0;
  count_ = count_float > 0 ? count_float : static_cast<double>(count);
  infinity_seen_ = false;
  rows_ = message;
  part_ = Part::kCount;
}

void ProtobufParser::BeginSummary(std::string_view message) {
  uint64_t count = 0;
  sum_ = 0;
  for (pbf_reader reader(message); reader.next();) {
    switch (reader.tag_and_type()) {
      case kCount:
        count = reader.get_uint64();
        break;
      case kSum:
        sum_ = reader.get_double();
        break;
      default:
        reader.skip();
    }
  }
  count_ = static_cast<double>(count);
  infinity_seen_ = true;  // Of quantiles there is no such thing to add.
  rows_ = message;
  part_ = Part::kCount;
}

void ProtobufParser::BeginPlain(std::string_view message) {
  double value = 0;
  std::string_view exemplar;
  for (pbf_reader reader(message); reader.next();) {
    const uint32_t tag = reader.tag_and_type();
    if (tag == kPlainValue) {
      value = reader.get_double();
    } else if (tag == kPlainExemplar && type_ == MetricType::kCounter) {
      exemplar = reader.get_view();
    } else {
      reader.skip();
    }
  }
  sum_ = value;
  exemplar_ = exemplar;
  part_ = Part::kPlain;
}

bool ProtobufParser::NextSample() {
  switch (part_) {
    case Part::kPlain:
      part_ = Part::kDone;
      Present("", 0, sum_, exemplar_);
      return true;
    case Part::kCount:
      part_ = Part::kSum;
      Present("_count", 0, count_, {});
      return true;
    case Part::kSum:
      part_ = Part::kRows;
      Present("_sum", 0, sum_, {});
      return true;
    case Part::kRows:
      if (type_ == MetricType::kSummary ? NextQuantile() : NextBucket()) return true;
      part_ = Part::kInfinity;
      [[fallthrough]];
    case Part::kInfinity:
      part_ = Part::kDone;
      if (infinity_seen_) return false;
      Present("_bucket", std::numeric_limits<double>::infinity(), count_, {});
      return true;
    case Part::kDone:
      return false;
  }
  return false;
}

bool ProtobufParser::NextBucket() {
  pbf_reader histogram(rows_);
  if (infinity_seen_ || !histogram.next(3, kBytes)) return false;
  uint64_t count = 0;
  double count_float = 0, bound = 0;
  std::string_view exemplar;
  for (pbf_reader reader(histogram.get_view()); reader.next();) {
    switch (reader.tag_and_type()) {
      case kBucketCount:
        count = reader.get_uint64();
        break;
      case kBucketCountFloat:
        count_float = reader.get_double();
        break;
      case kBucketBound:
        bound = reader.get_double();
        break;
      case kBucketExemplar:
        exemplar = reader.get_view();
        break;
      default:
        reader.skip();
    }
  }
  rows_ = histogram.data();
  infinity_seen_ = bound == std::numeric_limits<double>::infinity();
  Present("_bucket", bound, count_float > 0 ? count_float : static_cast<double>(count), exemplar);
  return true;
}

bool ProtobufParser::NextQuantile() {
  pbf_reader summary(rows_);
  if (!summary.next(3, kBytes)) return false;
  double quantile = 0, value = 0;
  for (pbf_reader reader(summary.get_view()); reader.next();) {
    switch (reader.tag_and_type()) {
      case kQuantile:
        quantile = reader.get_double();
        break;
      case kQuantileValue:
        value = reader.get_double();
        break;
      default:
        reader.skip();
    }
  }
  rows_ = summary.data();
  Present("", quantile, value, {});
  return true;
}

void ProtobufParser::Present(std::string_view suffix, double bound, double value,
                             std::string_view exemplar) {
  suffix_ = suffix;
  bound_ = Canonical(bound);
  value_ = Canonical(value);
  exemplar_ = exemplar;
  has_exemplar_ = !exemplar.empty();
  char* const tail = key_.data() + key_.size() - kKeyTailBytes;
  std::memcpy(tail, &bound_, sizeof(bound_));
  // `_count`, `_sum` and `_bucket` differ in their second letter.
  tail[sizeof(bound_)] = suffix.empty() ? '-' : suffix[1];
  p_ = key_.data();
  end_ = p_ + key_.size();
}

bool ProtobufParser::ScanSeries() {
  SkipSeries(key_.size() - 1);
  return true;
}

bool ProtobufParser::ReadValue() { return true; }

bool ProtobufParser::ReadLabels(LabelsBuilder* labels, std::vector<std::string>* empty_names) {
  labels->Set(kMetricNameLabel, StrCat(family_, suffix_));
  for (pbf_reader reader(labels_); reader.next(1);) {
    if (!AddLabel(reader.get_view(), labels, empty_names)) return false;
  }
  const std::string_view bound_label = suffix_ == "_bucket" ? "le"
                                       : type_ == MetricType::kSummary && suffix_.empty()
                                           ? "quantile"
                                           : "";
  if (bound_label.empty()) return true;
  std::string bound;
  AppendLabelFloat(bound_, &bound);
  labels->Set(bound_label, bound);
  return true;
}

bool ProtobufParser::AddLabel(std::string_view pair, LabelsBuilder* labels,
                              std::vector<std::string>* empty_names) {
  std::string_view name, value;
  try {
    for (pbf_reader reader(pair); reader.next();) {
      switch (reader.tag_and_type()) {
        case kLabelName:
          name = reader.get_view();
          break;
        case kLabelValue:
          value = reader.get_view();
          break;
        default:
          reader.skip();
      }
    }
  } catch (const protozero::exception& e) {
    Fail(StrCat("malformed label of metric ", Quoted(family_), ": ", e.what()));
    return false;
  }
  if (name.empty() || !IsValidUtf8(name)) {
    Fail(StrCat("invalid label name ", Quoted(name), " of metric ", Quoted(family_)));
  } else if (!IsValidUtf8(value)) {
    Fail(StrCat("invalid value of label ", Quoted(name), " of metric ", Quoted(family_)));
  } else if (!labels->Get(name).empty()) {
    Fail(StrCat("label name ", Quoted(name), " is not unique: invalid sample"));
  } else {
    labels->Set(name, value);
    if (value.empty() && empty_names != nullptr) empty_names->emplace_back(name);
  }
  return status_.ok();
}

bool ProtobufParser::ReadExemplar(TimeMs t, Exemplar* exemplar) {
  LabelsBuilder labels;
  exemplar->value = 0;
  exemplar->t = t;
  try {
    for (pbf_reader reader(exemplar_); reader.next();) {
      switch (reader.tag_and_type()) {
        case kExemplarLabel:
          if (!AddLabel(reader.get_view(), &labels, nullptr)) return false;
          break;
        case kExemplarValue:
          exemplar->value = Canonical(reader.get_double());
          break;
        case kExemplarTimestamp:
          if (!ReadTimestamp(reader.get_view(), &exemplar->t)) {
            Fail(StrCat("invalid timestamp of an exemplar of metric ", Quoted(family_)));
            return false;
          }
          break;
        default:
          reader.skip();
      }
    }
  } catch (const protozero::exception& e) {
    Fail(StrCat("malformed exemplar of metric ", Quoted(family_), ": ", e.what()));
    return false;
  }
  exemplar->labels = labels.Build();
  return true;
}

}  // namespace hearth
