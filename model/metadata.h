// model/metadata.h
//
// What an exposition says about a metric family besides its samples, and exemplars.
#ifndef HEARTH_MODEL_METADATA_H_
#define HEARTH_MODEL_METADATA_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "model/labels.h"
#include "model/sample.h"

namespace hearth {

// Persisted in WAL records: values must not be renumbered. The numbers are those of remote
// write 1.0's MetricMetadata.
enum class MetricType : uint8_t {
  kUnknown = 0,
  kCounter = 1,
  kGauge = 2,
  kHistogram = 3,
  kGaugeHistogram = 4,
  kSummary = 5,
  kInfo = 6,
  kStateset = 7,
};

// The spelling of /api/v1/metadata and of OpenMetrics: "counter", "gaugehistogram", "unknown" …
std::string_view MetricTypeName(MetricType type);

struct Metadata {
  MetricType type = MetricType::kUnknown;
  std::string help;
  std::string unit;
  friend bool operator==(const Metadata&, const Metadata&) = default;
};

struct Exemplar {
  Labels labels;
  double value = 0;
  TimeMs t = 0;
  bool own_time = true;  // False: none was given, `t` is its sample's.
};

}  // namespace hearth

#endif  // HEARTH_MODEL_METADATA_H_
