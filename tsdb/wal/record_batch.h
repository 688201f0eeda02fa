// tsdb/wal/record_batch.h
//
// RecordBatch: the WAL records of one commit. Series records come first, then the samples, the late
// ones and the exemplars; a record is divided before it grows too large for a frame. Keeps its
// memory from one commit to the next.
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
  void Clear() {
    series_.Clear();
    samples_.Clear();
    late_.Clear();
    exemplars_.Clear();
  }

  void AddSeries(WalRef ref, std::string_view labels) { EncodeSeries(ref, labels, series_.Last()); }

  void AddSample(WalRef ref, TimeMs t, double v) { samples_.Add(ref, t, v); }
  void AddLateSample(WalRef ref, TimeMs t, double v) { late_.Add(ref, t, v); }
  void AddExemplar(const WalExemplar& exemplar) { EncodeExemplar(exemplar, exemplars_.Last()); }

  // Valid until the next call of another method.
  std::vector<WalRecord> Records() const {
    std::vector<WalRecord> records;
    series_.AppendRecords(WalRecordType::kSeries, &records);
    samples_.AppendRecords(WalRecordType::kSamples, &records);
    late_.AppendRecords(WalRecordType::kLateSamples, &records);
    exemplars_.AppendRecords(WalRecordType::kExemplars, &records);
    return records;
  }

 private:
  // A record may pass this by one item: a label set has at most 1 MiB (model/labels.h), so frames
  // stay below their limit.
  static constexpr size_t kDivideBytes = size_t{1} << 20;

  // The records of one type whose items are appended to a payload.
  class Payloads {
   public:
    Payloads() : payloads_(1) {}

    void Clear() {
      for (size_t i = 0; i < used_; ++i) payloads_[i].clear();
      used_ = 1;
    }
    // Where the next item goes.
    std::string* Last() {
      if (payloads_[used_ - 1].size() >= kDivideBytes && ++used_ > payloads_.size()) {
        payloads_.emplace_back();
      }
      return &payloads_[used_ - 1];
    }
    void AppendRecords(WalRecordType type, std::vector<WalRecord>* records) const {
      for (size_t i = 0; i < used_; ++i) {
        if (!payloads_[i].empty()) records->push_back({type, payloads_[i]});
      }
    }

   private:
    std::vector<std::string> payloads_;
    size_t used_ = 1;
  };

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

  Payloads series_;
  Samples samples_;
  Samples late_;
  Payloads exemplars_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_WAL_RECORD_BATCH_H_
