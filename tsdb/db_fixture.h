// tsdb/db_fixture.h
//
// A Db in a temporary folder, with a clock that the test moves and a plain map of what was acknowledged to compare with. Testonly.
#ifndef HEARTH_TSDB_DB_FIXTURE_H_
#define HEARTH_TSDB_DB_FIXTURE_H_

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "model/fake_clock.h"
#include "model/text.h"
#include "tsdb/db.h"
#include "tsdb/store/store_fixture.h"

namespace hearth {

inline constexpr TimeMs kMinute = 60'000;
inline constexpr TimeMs kHour = 60 * kMinute;
inline constexpr TimeMs kDay = 24 * kHour;

class DbTest : public testing::Test {
 protected:
  // The start of an hour.
  static constexpr TimeMs kNow = 472'222 * kHour;

  void SetUp() override {
    options_.path = folder_.path() + "/data";
    options_.clock = &clock_;
    options_.compactor_interval = std::chrono::milliseconds(0);  // Rounds run when the test says so.
    Reopen();
  }
  void Reopen() {
    db_.reset();
    auto opened = Db::Open(options_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    db_ = *std::move(opened);
  }
  std::string Hearth(const std::string& name) const { return options_.path + "/hearth/" + name; }

  static Labels Series(int i) {
    return Labels{{"__name__", i % 2 ? "requests_total" : "temperature"}, {"i", StrCat(i)}};
  }

  // Commits samples of several series at once; what is accepted goes into expected_.
  void Push(const std::vector<std::pair<Labels, Sample>>& samples) {
    const std::unique_ptr<Appender> appender = db_->NewAppender();
    for (const auto& [labels, sample] : samples) {
      const absl::StatusOr<SeriesRef> ref = appender->FindOrCreate(labels);
      ASSERT_TRUE(ref.ok()) << ref.status();
      appender->Append(*ref, sample);
    }
    const absl::StatusOr<CommitResult> result = appender->Commit();
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_EQ(result->refused(), 0u) << result->first_refusal->labels.ToString() << " at "
                                     << result->first_refusal->t;
    for (const auto& [labels, sample] : samples) {
      expected_[labels].emplace(sample.t, sample.v);
    }
  }
  // One sample of each of `series` series at t.
  void PushAll(int series, TimeMs t) {
    std::vector<std::pair<Labels, Sample>> samples;
    for (int i = 0; i < series; ++i) {
      samples.push_back({Series(i), {t, static_cast<double>(t % 100'003) + i}});
    }
    Push(samples);
  }

  // What a query over `range` gives, and that its order and labels are as promised.
  StoreContents Read(TimeRange range = {}, std::vector<Matcher> matchers = {}) {
    StoreContents contents;
    absl::StatusOr<std::unique_ptr<Querier>> querier = db_->NewQuerier(range);
    EXPECT_TRUE(querier.ok()) << querier.status();
    const SelectRequest request{std::move(matchers), range};
    const auto sets = (*querier)->Select({&request, 1});
    EXPECT_TRUE(sets.ok()) << sets.status();
    if (!sets.ok()) return contents;
    const SeriesSet& set = *sets->front();
    SampleColumns columns;
    for (size_t i = 0; i < set.size(); ++i) {
      EXPECT_EQ(set.labels(i).Fingerprint(), set.fingerprint(i));
      EXPECT_TRUE(i == 0 || set.fingerprint(i - 1) < set.fingerprint(i));
      const absl::Status status = set.Read(i, range, &columns);
      EXPECT_TRUE(status.ok()) << status;
      for (size_t k = 0; k < columns.t.size(); ++k) {
        EXPECT_TRUE(k == 0 || columns.t[k - 1] < columns.t[k]);
        EXPECT_TRUE(range.Contains(columns.t[k]));
        contents[Labels(set.labels(i))][columns.t[k]] = columns.v[k];
      }
    }
    return contents;
  }
  // expected_ cut to the range.
  StoreContents Expected(TimeRange range = {}) const {
    StoreContents contents;
    for (const auto& [labels, samples] : expected_) {
      for (const auto& [t, v] : samples) {
        if (range.Contains(t)) contents[labels][t] = v;
      }
    }
    return contents;
  }

  // Waits until the condition holds; the deadline is only there to end a failing test.
  template <typename Condition>
  static bool Eventually(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }

  TemporaryFolder folder_;
  FakeClock clock_{kNow};
  DbOptions options_;
  std::unique_ptr<Db> db_;
  StoreContents expected_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_DB_FIXTURE_H_
