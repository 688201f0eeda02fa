// tsdb/head/head_appender.h
//
// The head's Appender: a buffer of samples and the calls into Head::Impl. See tsdb/storage.h for
// the contract. Native histograms are not taken yet (kUnsupported); of start timestamps only
// the zeros are kept (HeadOptions::start_zeros).
//
// Thread safety: as Appender.
#ifndef HEARTH_TSDB_HEAD_HEAD_APPENDER_H_
#define HEARTH_TSDB_HEAD_HEAD_APPENDER_H_

#include <string_view>
#include <vector>

#include "tsdb/head/head_impl.h"
#include "tsdb/storage.h"

namespace hearth {

class HeadAppender : public Appender {
 public:
  explicit HeadAppender(Head::Impl& impl) : impl_(impl) {}

  void Find(std::span<const Fingerprint> fingerprints, std::span<SeriesRef> refs) override;
  absl::StatusOr<SeriesRef> FindOrCreate(LabelsView labels) override;
  void Append(SeriesRef ref, Sample sample, TimeMs start_timestamp_ms) override {
    if (start_timestamp_ms != 0) [[unlikely]]
      AppendStartZero(ref, sample.t, start_timestamp_ms);
    buffered_.samples.push_back({ref, sample});
  }
  void AppendHistogram(SeriesRef ref, TimeMs t, const Histogram& histogram,
                       TimeMs start_timestamp_ms) override;
  void AppendExemplar(SeriesRef ref, const Exemplar& exemplar) override;
  void UpdateMetadata(std::string_view metric_family, const Metadata& metadata) override;
  absl::StatusOr<CommitResult> Commit() override;
  void Rollback() override;

 private:
  struct Unsupported {
    SeriesRef ref;
    TimeMs t;
  };

  // With HeadOptions::start_zeros: the zero at the moment the counter behind a sample at `t` began.
  void AppendStartZero(SeriesRef ref, TimeMs t, TimeMs start_ms);

  Head::Impl& impl_;
  CommitBatch buffered_;
  std::vector<Unsupported> unsupported_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_HEAD_HEAD_APPENDER_H_
