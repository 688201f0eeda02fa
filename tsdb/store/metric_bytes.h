// tsdb/store/metric_bytes.h
//
// Which metrics take how much of the store's disk. A generation's series lie in (metric, labels)
// order, so a metric is a range of keys in each of its two files; RocksDB's index tells where the
// range begins and ends, to the precision of a block. Sums over all metrics are exact, a metric of
// less than a block may show none or a whole one. Postings, and times that series share, belong to
// no metric.
//
// Thread safety: pure function of a version. Reads the index of every generation: some
// microseconds for each of its metrics.
#ifndef HEARTH_TSDB_STORE_METRIC_BYTES_H_
#define HEARTH_TSDB_STORE_METRIC_BYTES_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "tsdb/store/store.h"

namespace hearth {

using MetricBytes = std::vector<std::pair<std::string, uint64_t>>;

// In no order. kDataLoss when an index cannot be read.
absl::StatusOr<MetricBytes> DiskByMetric(const Store& store, const StoreVersion& version);

}  // namespace hearth

#endif  // HEARTH_TSDB_STORE_METRIC_BYTES_H_
