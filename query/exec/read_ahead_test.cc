#include "query/exec/read_ahead.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "model/text.h"

namespace hearth::promql {
namespace {

using testing::ElementsAre;

// Series i has one sample at time i. Notes what it is asked for.
class NotingSet : public SeriesSet {
 public:
  explicit NotingSet(size_t batch) : batch_(batch) {}

  size_t size() const override { return 100; }
  LabelsView labels(size_t) const override { return LabelsView(); }
  const hearth::Fingerprint& fingerprint(size_t) const override { return fingerprint_; }
  absl::Status Read(size_t i, TimeRange, SampleColumns* columns) const override {
    calls.push_back(StrCat("read ", i));
    return Give(i, columns);
  }
  absl::Status ReadTimes(size_t i, TimeRange, SampleColumns* columns) const override {
    calls.push_back(StrCat("times ", i));
    return Give(i, columns);
  }
  absl::StatusOr<std::unique_ptr<SeriesBatch>> Fetch(
      std::span<const uint32_t> series) const override;

  static absl::Status Give(size_t i, SampleColumns* columns) {
    columns->Clear();
    columns->t.push_back(static_cast<TimeMs>(i));
    columns->v.push_back(0);
    return absl::OkStatus();
  }

  mutable std::vector<std::string> calls;

 private:
  const size_t batch_;  // 0: batches are no gain.
  const hearth::Fingerprint fingerprint_{};
};

class NotedBatch : public SeriesBatch {
 public:
  explicit NotedBatch(std::span<const uint32_t> series) : series_(series.begin(), series.end()) {}
  size_t size() const override { return series_.size(); }
  absl::Status Read(size_t k, TimeRange, SampleColumns* columns) const override {
    return NotingSet::Give(series_.at(k), columns);
  }
  absl::Status Append(size_t, TimeRange, SampleColumns*) const override {
    return absl::UnimplementedError("nobody appends");
  }

 private:
  const std::vector<uint32_t> series_;
};

absl::StatusOr<std::unique_ptr<SeriesBatch>> NotingSet::Fetch(
    std::span<const uint32_t> series) const {
  calls.push_back(StrCat("fetch from ", series.front(), " of ", series.size()));
  if (batch_ == 0) return nullptr;
  return std::make_unique<NotedBatch>(series.first(std::min(series.size(), batch_)));
}

void Read(ReadAhead* ahead, std::initializer_list<size_t> series) {
  SampleColumns columns;
  for (const size_t i : series) {
    ASSERT_TRUE(ahead->Read(i, TimeRange(), ReadAhead::Parts::kAll, &columns).ok());
    ASSERT_THAT(columns.t, ElementsAre(static_cast<TimeMs>(i)));
  }
}

TEST(ReadAhead, FetchesTheNextSeriesWhenABatchIsRead) {
  const NotingSet set(2);
  ReadAhead ahead(&set, std::vector<uint32_t>{5, 1, 9, 4, 3});
  Read(&ahead, {5, 1, 9, 4, 3});
  EXPECT_THAT(set.calls,
              ElementsAre("fetch from 5 of 5", "fetch from 9 of 3", "fetch from 3 of 1"));
}

TEST(ReadAhead, SeriesMayBeLeftOut) {
  const NotingSet set(2);
  ReadAhead ahead(&set, std::vector<uint32_t>{5, 1, 9, 4, 3});
  Read(&ahead, {1, 4, 3});
  EXPECT_THAT(set.calls, ElementsAre("fetch from 1 of 4", "fetch from 4 of 2"));
}

TEST(ReadAhead, WhatWasNotAnnouncedIsReadAllTheSame) {
  const NotingSet set(2);
  ReadAhead ahead(&set, std::vector<uint32_t>{5, 1});
  Read(&ahead, {5, 77, 1});
  EXPECT_THAT(set.calls, ElementsAre("fetch from 5 of 2", "read 77", "read 1"));
}

TEST(ReadAhead, AsksOnceWhereBatchesAreNoGain) {
  const NotingSet set(0);
  ReadAhead ahead(&set, std::vector<uint32_t>{5, 1});
  Read(&ahead, {5, 1});
  SampleColumns columns;
  ASSERT_TRUE(ahead.Read(2, TimeRange(), ReadAhead::Parts::kTimes, &columns).ok());
  EXPECT_THAT(set.calls, ElementsAre("fetch from 5 of 2", "read 5", "read 1", "times 2"));
}

}  // namespace
}  // namespace hearth::promql
