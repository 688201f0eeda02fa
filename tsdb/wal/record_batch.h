// tsdb/wal/record_batch.h
//
// RecordBatch: the WAL records of one commit. Series records come first, then the samples; a record
// is divided before it grows too large for a frame. Keeps its memory from one commit to the next.
//
// Thread safety: none.
#ifndef HEARTH_TSDB_WAL_RECORD_BATCH_H_
#define HEARTH_TSDB_WAL_RECORD_BATCH_H_

#include <string>
#include <string_view>
#include <vector>

#include "tsdb/wal/record.h"
#include "tsdb/wal/wal_writer.h"

namespace hearth {

class RecordBatch {
 public:
  RecordBatch() : series_(1), samples_(1) {}

  void Clear() {
    for (size_t i = 0; i < series_used_; ++i) series_[i].clear();
    for (size_t i = 0; i < samples_used_; ++i) samples_[i].Reset();
    series_used_ = samples_used_ = 1;
  }

  void AddSeries(WalRef ref, std::string_view labels) {
    if (series_[series_used_ - 1].size() >= kDivideBytes && ++series_used_ > series_.size()) {
      series_.emplace_back();
    }
    EncodeSeries(ref, labels, &series_[series_used_ - 1]);
  }

  void AddSample(WalRef ref, TimeMs t, double v) {
    if (samples_[samples_used_ - 1].size() >= kDivideBytes) [[unlikely]] {
      if (++samples_used_ > samples_.size()) samples_.emplace_back();
    }
    samples_[samples_used_ - 1].Add(ref, t, v);
  }

  // Valid until the next call of another method.
  std::vector<WalRecord> Records() const {
    std::vector<WalRecord> records;
    for (size_t i = 0; i < series_used_; ++i) {
      if (!series_[i].empty()) records.push_back({WalRecordType::kSeries, series_[i]});
    }
    for (size_t i = 0; i < samples_used_; ++i) {
      if (!samples_[i].empty()) records.push_back({WalRecordType::kSamples, samples_[i].payload()});
    }
    return records;
  }

 private:
  // A record may pass this by one item: a label set has at most 1 MiB (model/labels.h), so frames
  // stay below their limit.
  static constexpr size_t kDivideBytes = size_t{1} << 20;

  std::vector<std::string> series_;
  std::vector<SamplesEncoder> samples_;
  size_t series_used_ = 1;
  size_t samples_used_ = 1;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_WAL_RECORD_BATCH_H_
