// tsdb/head/head_test_base.h
//
// What the head's tests share: a head on a fault-injecting file system with a fake clock, and short
// words for writing and reading.
#ifndef HEARTH_TSDB_HEAD_HEAD_TEST_BASE_H_
#define HEARTH_TSDB_HEAD_HEAD_TEST_BASE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/fake_clock.h"
#include "tsdb/fault_file_system.h"
#include "tsdb/head/head.h"

namespace hearth {

inline constexpr TimeMs kHour = 3'600'000;
// The start of a window.
inline constexpr TimeMs kT0 = 472'222 * kHour;

inline bool operator==(const Sample& a, const Sample& b) {
  return a.t == b.t && SameBits(a.v, b.v);
}

class HeadTest : public testing::Test {
 protected:
  HeadTest() {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    dir_ = testing::TempDir() + "/head_" + info->test_suite_name() + "_" + info->name();
    std::filesystem::remove_all(dir_);
    options_.fs = &fs_;
    options_.clock = &clock_;
    options_.wal_dir = dir_ + "/wal";
    options_.chunks_dir = dir_ + "/chunks";
    Open();
  }

  // Opens the directory again, as after a kill: nothing but the files is left.
  void Open() {
    head_.reset();
    auto head = Head::Open(options_, coverage_);
    ASSERT_TRUE(head.ok()) << head.status();
    head_ = *std::move(head);
  }

  static Labels Named(std::string_view name, std::string_view instance = "i") {
    return {{"__name__", name}, {"instance", instance}};
  }

  SeriesRef Ref(Appender& appender, const Labels& labels) {
    const auto ref = appender.FindOrCreate(labels);
    EXPECT_TRUE(ref.ok()) << ref.status();
    return ref.value_or(SeriesRef());
  }

  // Commits samples of one series.
  absl::StatusOr<CommitResult> Write(const Labels& labels, const std::vector<Sample>& samples) {
    const auto appender = head_->NewAppender();
    const SeriesRef ref = Ref(*appender, labels);
    for (const Sample& s : samples) appender->Append(ref, s);
    return appender->Commit();
  }

  // The outcome of one sample of one series.
  AppendOutcome WriteOne(const Labels& labels, Sample sample) {
    const auto result = Write(labels, {sample});
    EXPECT_TRUE(result.ok()) << result.status();
    for (size_t i = 0; result.ok() && i < kAppendOutcomes; ++i) {
      if (result->counts[i] == 1) return static_cast<AppendOutcome>(i);
    }
    ADD_FAILURE() << "no outcome";
    return AppendOutcome::kAppended;
  }

  using Contents = std::map<std::string, std::vector<Sample>>;

  // Everything that matches, by the text of the labels. Checks the order of series and samples.
  Contents ReadAll(const std::vector<Matcher>& matchers = {}, TimeRange range = TimeRange()) {
    Contents contents;
    const SelectRequest request{matchers, range};
    const auto sets = head_->Select({&request, 1});
    EXPECT_TRUE(sets.ok()) << sets.status();
    if (!sets.ok()) return contents;
    const SeriesSet& set = *sets->front();
    SampleColumns columns;
    for (size_t i = 0; i < set.size(); ++i) {
      EXPECT_EQ(set.fingerprint(i), set.labels(i).Fingerprint());
      if (i > 0) {
        EXPECT_LT(set.fingerprint(i - 1), set.fingerprint(i));
      }
      const absl::Status status = set.Read(i, range, &columns);
      EXPECT_TRUE(status.ok()) << status;
      std::vector<Sample>& samples = contents[set.labels(i).ToString()];
      for (size_t j = 0; j < columns.t.size(); ++j) {
        if (j > 0) {
          EXPECT_LT(columns.t[j - 1], columns.t[j]);
        }
        samples.push_back({columns.t[j], columns.v[j]});
      }
    }
    return contents;
  }

  std::string dir_;
  FaultFileSystem fs_{PosixFileSystem()};
  FakeClock clock_{kT0 + 10 * kHour};
  HeadOptions options_;
  FlushCoverage coverage_;
  std::unique_ptr<Head> head_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_HEAD_HEAD_TEST_BASE_H_
