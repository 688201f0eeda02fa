#include "tsdb/store/metric_bytes.h"

#include "model/status.h"
#include "model/text.h"
#include "tsdb/store/database.h"
#include "tsdb/store/generation_reader.h"

namespace hearth {
namespace {

struct MetricRange {
  std::string metric;
  uint32_t first;  // Series id.
};

absl::Status AddGeneration(const Store& store, const std::shared_ptr<Generation>& generation,
                           StringMap<uint64_t>* bytes) {
  std::vector<MetricRange> metrics;
  HEARTH_RETURN_IF_ERROR(GenerationReader(&store, generation)
                             .ForEachMetric([&](std::string_view metric, uint32_t first) {
                               metrics.push_back({std::string(metric), first});
                             }));
  const auto last = static_cast<uint32_t>(generation->info.series);
  std::vector<std::string> sample_keys, series_keys;
  for (size_t i = 0; i <= metrics.size(); ++i) {
    const uint32_t id = i < metrics.size() ? metrics[i].first : last;
    sample_keys.push_back(BundleKey(generation->prefix, id));
    series_keys.push_back(SeriesKey(generation->prefix, id));
  }
  for (const auto& [family, keys] :
       {std::pair(kSamples, &sample_keys), std::pair(kIndex, &series_keys)}) {
    HEARTH_ASSIGN_OR_RETURN(const std::vector<uint64_t> sizes,
                            store.database().BytesBetween(family, *keys));
    for (size_t i = 0; i < sizes.size(); ++i) (*bytes)[metrics[i].metric] += sizes[i];
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<MetricBytes> DiskByMetric(const Store& store, const StoreVersion& version) {
  StringMap<uint64_t> bytes;
  for (const std::shared_ptr<Generation>& generation : version.generations) {
    HEARTH_RETURN_IF_ERROR(AddGeneration(store, generation, &bytes));
  }
  return MetricBytes(bytes.begin(), bytes.end());
}

}  // namespace hearth
