// tsdb/wal/record_batch.h
//
// RecordBatch: the WAL records of one commit. Series records come first, then the samples, then the
// late ones; a record is divided before it grows too large for a frame. Keeps its memory from one
// commit to the next.
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
  RecordBatch() : series_(1) {}

  void Clear() {
    for (size_t i = 0; i < series_used_; ++i) series_[i].clear();
    series_used_ = 1;
    samples_.Clear();
    late_.Clear();
  }

  void AddSeries(WalRef ref, std::string_view labels) {
    if (series_[series_used_ - 1].size() >= kDivideBytes && ++series_used_ > series_.size()) {
      series_.emplace_back();
    }
    EncodeSeries(ref, labels, &series_[series_used_ - 1]);
  }

  void AddSample(WalRef ref, TimeMs t, double v) { samples_.Add(ref, t, v); }
  void AddLateSample(WalRef ref, TimeMs t, double v) { late_.Add(ref, t, v); }

  // Valid until the next call of another method.
  std::vector<WalRecord> Records() const {
    std::vector<WalRecord> records;
    for (size_t i = 0; i < series_used_; ++i) {
      if (!series_[i].empty()) records.push_back({WalRecordType::kSeries, series_[i]});
    }
    samples_.AppendRecords(WalRecordType::kSamples, &records);
    late_.AppendRecords(WalRecordType::kLateSamples, &records);
    return records;
  }

 private:
  // A record may pass this by one item: a label set has at most 1 MiB (model/labels.h), so frames
  // stay below their limit.
  static constexpr size_t kDivideBytes = size_t{1} << 20;

  // The samples records of one type.
  class Samples {
   public:
    Samples() : encoders_(1) {}

    void Clear() {
      for (size_t i = 0; i < used_; ++i) encoders_[i].Reset();
      used_ = 1;
    }
    void Add(WalRef ref, TimeMs t, double v) {
      if (encoders_[used_ - 1].size() >= kDivideBytes) [[unlikely]] {
        if (++used_ > encoders_.size()) encoders_.emplace_back();
      }
      encoders_[used_ - 1].Add(ref, t, v);
    }
    void AppendRecords(WalRecordType type, std::vector<WalRecord>* records) const {
      for (size_t i = 0; i < used_; ++i) {
        if (!encoders_[i].empty()) records->push_back({type, encoders_[i].payload()});
      }
    }

   private:
    std::vector<SamplesEncoder> encoders_;
    size_t used_ = 1;
  };

  std::vector<std::string> series_;
  size_t series_used_ = 1;
  Samples samples_;
  Samples late_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_WAL_RECORD_BATCH_H_
