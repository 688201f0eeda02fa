#include "scrape/exposition/protobuf_messages.h"

#include <iterator>
#include <limits>

#include "protozero/pbf_reader.hpp"

namespace hearth::exposition {
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
constexpr uint32_t kFamilyMetric = tag_and_type(kMetricOfFamily, kBytes);
constexpr uint32_t kFamilyUnit = tag_and_type(5, kBytes);
// Metric. The value is a message in a field that depends on the type.
constexpr uint32_t kMetricLabel = tag_and_type(kLabelOfMetric, kBytes);
constexpr uint32_t kMetricTimestamp = tag_and_type(6, kVarint);
// LabelPair.
constexpr uint32_t kLabelName = tag_and_type(1, kBytes);
constexpr uint32_t kLabelValue = tag_and_type(2, kBytes);
// Gauge, Counter, Untyped.
constexpr uint32_t kPlainValue = tag_and_type(1, kDouble);
constexpr uint32_t kPlainExemplar = tag_and_type(2, kBytes);
constexpr uint32_t kCounterCreated = tag_and_type(3, kBytes);
// Summary and Histogram, as far as they are the same.
constexpr uint32_t kCount = tag_and_type(1, kVarint);
constexpr uint32_t kSum = tag_and_type(2, kDouble);
constexpr uint32_t kCountFloat = tag_and_type(4, kDouble);
constexpr uint32_t kSummaryCreated = tag_and_type(4, kBytes);
constexpr uint32_t kHistogramCreated = tag_and_type(15, kBytes);
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

uint32_t ValueField(MetricType type) {
  for (const TypeRow& row : kTypes) {
    if (row.type == type) return row.value_field;
  }
  return 0;
}

// A google.protobuf.Timestamp; nothing when milliseconds cannot hold it.
std::optional<TimeMs> ReadTimestamp(std::string_view message) {
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
  if (seconds > kSecondsMax || seconds < -kSecondsMax) return std::nullopt;
  return seconds * 1000 + nanos / 1'000'000;
}

}  // namespace

bool TakeField(uint32_t number, std::string_view* fields, std::string_view* message) {
  pbf_reader reader(*fields);
  if (!reader.next(number, kBytes)) return false;
  *message = reader.get_view();
  *fields = reader.data();
  return true;
}

FamilyFields ReadFamily(std::string_view message) {
  FamilyFields family;
  pbf_reader reader(message);
  for (const char* field = message.data(); reader.next(); field = reader.data().data()) {
    switch (reader.tag_and_type()) {
      case kFamilyName:
        family.name = reader.get_view();
        break;
      case kFamilyHelp:
        family.help = reader.get_view();
        break;
      case kFamilyType:
        family.type = reader.get_enum();
        break;
      case kFamilyUnit:
        family.unit = reader.get_view();
        break;
      case kFamilyMetric:
        if (family.metrics.empty()) {
          family.metrics = message.substr(static_cast<size_t>(field - message.data()));
        }
        [[fallthrough]];
      default:
        reader.skip();
    }
  }
  return family;
}

std::optional<MetricType> FamilyType(int32_t type) {
  if (type < 0 || type >= static_cast<int32_t>(std::size(kTypes))) return std::nullopt;
  return kTypes[type].type;
}

MetricFields ReadMetric(std::string_view message, MetricType type, std::string* labels) {
  MetricFields metric;
  const uint32_t value_field = ValueField(type);
  pbf_reader reader(message);
  for (const char* field = message.data(); reader.next(); field = reader.data().data()) {
    const uint32_t tag = reader.tag_and_type();
    if (tag == kMetricLabel) {
      reader.skip();
      labels->append(field, reader.data().data());
    } else if (tag == kMetricTimestamp) {
      metric.t = reader.get_int64();
    } else if (tag == value_field) {
      metric.value = reader.get_view();
    } else {
      reader.skip();
    }
  }
  return metric;
}

LabelFields ReadLabel(std::string_view message) {
  LabelFields label;
  for (pbf_reader reader(message); reader.next();) {
    switch (reader.tag_and_type()) {
      case kLabelName:
        label.name = reader.get_view();
        break;
      case kLabelValue:
        label.value = reader.get_view();
        break;
      default:
        reader.skip();
    }
  }
  return label;
}

PlainFields ReadPlain(std::string_view message) {
  PlainFields plain;
  for (pbf_reader reader(message); reader.next();) {
    switch (reader.tag_and_type()) {
      case kPlainValue:
        plain.value = reader.get_double();
        break;
      case kPlainExemplar:
        plain.exemplar = reader.get_view();
        break;
      case kCounterCreated:
        plain.start = ReadTimestamp(reader.get_view()).value_or(0);
        break;
      default:
        reader.skip();
    }
  }
  return plain;
}

TotalFields ReadTotals(std::string_view message) {
  TotalFields totals;
  uint64_t count = 0;
  for (pbf_reader reader(message); reader.next();) {
    switch (reader.tag_and_type()) {
      case kCount:
        count = reader.get_uint64();
        break;
      case kCountFloat:
        totals.count = reader.get_double();
        break;
      case kSum:
        totals.sum = reader.get_double();
        break;
      case kSummaryCreated:
      case kHistogramCreated:
        totals.start = ReadTimestamp(reader.get_view()).value_or(0);
        break;
      case kZeroThreshold:
      case kZeroCountFloat:
        totals.native |= reader.get_double() > 0;
        break;
      case kZeroCount:
        totals.native |= reader.get_uint64() > 0;
        break;
      case kNegativeSpan:
      case kPositiveSpan:
        totals.native = true;
        [[fallthrough]];
      default:
        reader.skip();
    }
  }
  if (!(totals.count > 0)) totals.count = static_cast<double>(count);
  return totals;
}

RowFields ReadBucket(std::string_view message) {
  RowFields bucket;
  uint64_t count = 0;
  for (pbf_reader reader(message); reader.next();) {
    switch (reader.tag_and_type()) {
      case kBucketCount:
        count = reader.get_uint64();
        break;
      case kBucketCountFloat:
        bucket.value = reader.get_double();
        break;
      case kBucketBound:
        bucket.bound = reader.get_double();
        break;
      case kBucketExemplar:
        bucket.exemplar = reader.get_view();
        break;
      default:
        reader.skip();
    }
  }
  if (!(bucket.value > 0)) bucket.value = static_cast<double>(count);
  return bucket;
}

RowFields ReadQuantile(std::string_view message) {
  RowFields quantile;
  for (pbf_reader reader(message); reader.next();) {
    switch (reader.tag_and_type()) {
      case kQuantile:
        quantile.bound = reader.get_double();
        break;
      case kQuantileValue:
        quantile.value = reader.get_double();
        break;
      default:
        reader.skip();
    }
  }
  return quantile;
}

ExemplarFields ReadExemplar(std::string_view message) {
  ExemplarFields exemplar;
  for (pbf_reader reader(message); reader.next();) {
    switch (reader.tag_and_type()) {
      case kExemplarValue:
        exemplar.value = reader.get_double();
        break;
      case kExemplarTimestamp:
        exemplar.t = ReadTimestamp(reader.get_view());
        exemplar.valid_time = exemplar.t.has_value();
        break;
      default:
        reader.skip();
    }
  }
  return exemplar;
}

}  // namespace hearth::exposition
