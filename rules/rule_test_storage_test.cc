#include "rules/rule_test_storage.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <sstream>

#include "model/histogram.h"
#include "query/notation/histogram_text.h"

namespace hearth {
namespace {

using Lines = std::vector<std::string>;

class RuleTestStorageTest : public testing::Test {
 protected:
  AppendOutcome Append(const Labels& labels, TimeMs t, double v) {
    return Judged(labels, [&](Appender* appender, SeriesRef ref) {
      appender->Append(ref, {t, v});
    });
  }
  AppendOutcome Append(const Labels& labels, TimeMs t, const Histogram& histogram) {
    return Judged(labels, [&](Appender* appender, SeriesRef ref) {
      appender->AppendHistogram(ref, t, histogram);
    });
  }
  AppendOutcome Judged(const Labels& labels,
                       const std::function<void(Appender*, SeriesRef)>& append) {
    const auto appender = storage_.NewAppender();
    const absl::StatusOr<SeriesRef> ref = appender->FindOrCreate(labels);
    EXPECT_TRUE(ref.ok());
    append(appender.get(), *ref);
    const CommitResult result = appender->Commit().value();
    for (size_t i = 0; i < kAppendOutcomes; ++i) {
      if (result.counts[i] == 0) continue;
      const auto outcome = static_cast<AppendOutcome>(i);
      EXPECT_EQ(result.first_refusal.has_value(), IsRefusal(outcome));
      return outcome;
    }
    ADD_FAILURE() << "nothing was judged";
    return AppendOutcome::kAppended;
  }
  static Histogram Count(double count, double sum = 0) {
    Histogram histogram;
    histogram.count = count;
    histogram.sum = sum;
    return histogram;
  }
  // `labels: t=v … t={{literal}} …` of each series.
  std::vector<std::string> Read(std::vector<Matcher> matchers, TimeRange range) {
    const auto querier = storage_.NewQuerier(range).value();
    const SelectRequest request{std::move(matchers), range};
    const auto sets = querier->Select({&request, 1}).value();
    std::vector<std::string> lines;
    SampleColumns columns;
    for (size_t i = 0; i < sets[0]->size(); ++i) {
      EXPECT_TRUE(sets[0]->Read(i, range, &columns).ok());
      EXPECT_TRUE(i == 0 || sets[0]->fingerprint(i - 1) < sets[0]->fingerprint(i));
      lines.push_back(sets[0]->labels(i).ToString() + ":");
      for (size_t k = 0; k < columns.t.size(); ++k)
        StrAppend(&lines.back(), " ", columns.t[k], "=", columns.v[k]);
      for (size_t k = 0; k < columns.histogram_t.size(); ++k) {
        StrAppend(&lines.back(), " ", columns.histogram_t[k], "=",
                  promql::HistogramLiteralText(*columns.histograms[k]));
      }
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }
  static Matcher Equal(std::string_view name, std::string_view value) {
    return Matcher::Equal(name, value);
  }

  RuleTestStorage storage_;
  const Labels up_a_{{"__name__", "up"}, {"job", "a"}};
  const Labels up_b_{{"__name__", "up"}, {"job", "b"}};
};

TEST_F(RuleTestStorageTest, JudgesSamplesAsTheDatabaseDoes) {
  EXPECT_EQ(Append(up_a_, 10, 1), AppendOutcome::kAppended);
  EXPECT_EQ(Append(up_a_, 10, 1), AppendOutcome::kDuplicate);
  EXPECT_EQ(Append(up_a_, 10, 2), AppendOutcome::kDuplicateTimestamp);
  EXPECT_EQ(Append(up_a_, 9, 1), AppendOutcome::kOutOfOrder);
  EXPECT_EQ(Append(up_b_, -5, 1), AppendOutcome::kAppended);
  const auto appender = storage_.NewAppender();
  const SeriesRef ref = appender->FindOrCreate(up_a_).value();
  EXPECT_FALSE(appender->FindOrCreate(Labels()).ok());
  appender->Append(ref, {30, 3});
  appender->Rollback();
  EXPECT_EQ(appender->Commit()->accepted(), 0u);
  EXPECT_EQ(Read({Equal("job", "a")}, {0, 100}), (Lines{"up{job=\"a\"}: 10=1"}));
}

TEST_F(RuleTestStorageTest, JudgesHistogramsAsItDoesFloats) {
  EXPECT_EQ(Append(up_a_, 10, Count(1)), AppendOutcome::kAppended);
  EXPECT_EQ(Append(up_a_, 10, Count(1)), AppendOutcome::kDuplicate);
  EXPECT_EQ(Append(up_a_, 10, Count(2)), AppendOutcome::kDuplicateTimestamp);
  EXPECT_EQ(Append(up_a_, 10, 1), AppendOutcome::kDuplicateTimestamp);
  EXPECT_EQ(Append(up_a_, 9, Count(1)), AppendOutcome::kOutOfOrder);
  EXPECT_EQ(Append(up_a_, 9, 1), AppendOutcome::kOutOfOrder);
  EXPECT_EQ(Append(up_a_, 20, 5), AppendOutcome::kAppended);
  EXPECT_EQ(Append(up_a_, 20, Count(1)), AppendOutcome::kDuplicateTimestamp);
  EXPECT_EQ(Append(up_a_, 10, Count(1)), AppendOutcome::kOutOfOrder);
  EXPECT_EQ(Append(up_a_, 20, 5), AppendOutcome::kDuplicate);
  EXPECT_EQ(Read({}, {0, 100}), (Lines{"up{job=\"a\"}: 20=5 10={{count:1}}"}));
  EXPECT_EQ(Read({}, {15, 100}), (Lines{"up{job=\"a\"}: 20=5"}));
  EXPECT_EQ(Read({}, {0, 10}), (Lines{"up{job=\"a\"}: 10={{count:1}}"}));
  EXPECT_EQ(Read({}, {11, 19}), Lines{});
}

TEST_F(RuleTestStorageTest, HistogramsTellWhetherTheyCountOn) {
  Append(up_a_, 10, Count(1));
  Append(up_a_, 20, Count(3));
  Append(up_a_, 30, Count(2));
  Append(up_a_, 40, Count(2, StaleNaN()));
  Append(up_a_, 50, Count(4));
  Append(up_a_, 60, 1);
  Append(up_a_, 70, Count(4));
  Histogram told = Count(5);
  told.counter_reset_hint = CounterResetHint::kReset;
  Append(up_a_, 80, told);
  EXPECT_EQ(Read({}, {0, 35}),
            (Lines{"up{job=\"a\"}: 10={{count:1}} 20={{count:3 counter_reset_hint:not_reset}} "
                   "30={{count:2 counter_reset_hint:reset}}"}));
  EXPECT_EQ(Read({}, {45, 100}),
            (Lines{"up{job=\"a\"}: 60=1 50={{count:4}} 70={{count:4}} 80={{count:5 "
                   "counter_reset_hint:reset}}"}));
}

TEST_F(RuleTestStorageTest, SelectsByMatchersAndRange) {
  for (TimeMs t = 0; t < 5; ++t) Append(up_a_, t * 10, static_cast<double>(t));
  Append(up_b_, 100, 7);
  EXPECT_EQ(Read({Equal("__name__", "up")}, {10, 30}), (Lines{"up{job=\"a\"}: 10=1 20=2 30=3"}));
  EXPECT_EQ(Read({Equal("job", "b")}, {100, 100}), (Lines{"up{job=\"b\"}: 100=7"}));
  EXPECT_EQ(Read({Equal("__name__", "up")}, {40, 100}).size(), 2u);
  EXPECT_EQ(Read({Equal("__name__", "down")}, {0, 100}), Lines{});
  EXPECT_EQ(Read({}, {41, 99}), Lines{});
}

TEST_F(RuleTestStorageTest, FindsSeriesByFingerprintAndTellsLabels) {
  Append(up_a_, 1, 1);
  Append(up_b_, 2, 1);
  const auto appender = storage_.NewAppender();
  const Fingerprint fingerprints[] = {up_b_.Fingerprint(), Labels{{"x", "y"}}.Fingerprint()};
  SeriesRef refs[2];
  appender->Find(fingerprints, refs);
  EXPECT_EQ(refs[0], appender->FindOrCreate(up_b_).value());
  EXPECT_FALSE(refs[1]);
  const auto querier = storage_.NewQuerier({}).value();
  EXPECT_EQ(querier->LabelNames({}).value(), (Lines{"__name__", "job"}));
  EXPECT_EQ(querier->LabelValues("job", {}).value(), (Lines{"a", "b"}));
  EXPECT_EQ(querier->LabelValues("job", {{{Equal("job", "b")}}, {}, 0}).value(), Lines{"b"});
  EXPECT_EQ(querier->Series({{}, {}, 1}).value(), std::vector<Labels>{up_a_});
}

TEST_F(RuleTestStorageTest, DumpsWithoutStaleMarkers) {
  Append(up_b_, 1, 2.5);
  Append(up_b_, 2, StaleNaN());
  Append(up_a_, 2, Count(4, 1.5));
  Append(up_a_, 3, 1);
  Append(up_a_, 4, Count(4, StaleNaN()));
  std::ostringstream out;
  storage_.Dump(out);
  EXPECT_EQ(out.str(),
            "up{job=\"a\"} =>\n1 @[3]\n{count:4, sum:1.5} @[2]\nup{job=\"b\"} =>\n2.5 @[1]\n");
}

}  // namespace
}  // namespace hearth
