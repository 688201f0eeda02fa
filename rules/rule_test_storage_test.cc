#include "rules/rule_test_storage.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace hearth {
namespace {

class RuleTestStorageTest : public testing::Test {
 protected:
  AppendOutcome Append(const Labels& labels, TimeMs t, double v) {
    const auto appender = storage_.NewAppender();
    const absl::StatusOr<SeriesRef> ref = appender->FindOrCreate(labels);
    EXPECT_TRUE(ref.ok());
    appender->Append(*ref, {t, v});
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
  // `labels: t=v …` of each series.
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

using Lines = std::vector<std::string>;

TEST_F(RuleTestStorageTest, JudgesSamplesAsTheDatabaseDoes) {
  EXPECT_EQ(Append(up_a_, 10, 1), AppendOutcome::kAppended);
  EXPECT_EQ(Append(up_a_, 10, 1), AppendOutcome::kDuplicate);
  EXPECT_EQ(Append(up_a_, 10, 2), AppendOutcome::kDuplicateTimestamp);
  EXPECT_EQ(Append(up_a_, 9, 1), AppendOutcome::kOutOfOrder);
  EXPECT_EQ(Append(up_b_, -5, 1), AppendOutcome::kAppended);
  const auto appender = storage_.NewAppender();
  const SeriesRef ref = appender->FindOrCreate(up_a_).value();
  appender->AppendHistogram(ref, 20, Histogram());
  EXPECT_EQ(appender->Commit()->count(AppendOutcome::kUnsupported), 1u);
  EXPECT_FALSE(appender->FindOrCreate(Labels()).ok());
  appender->Append(ref, {30, 3});
  appender->Rollback();
  EXPECT_EQ(appender->Commit()->accepted(), 0u);
  EXPECT_EQ(Read({Equal("job", "a")}, {0, 100}), (Lines{"up{job=\"a\"}: 10=1"}));
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
  Append(up_a_, 3, 1);
  std::ostringstream out;
  storage_.Dump(out);
  EXPECT_EQ(out.str(), "up{job=\"a\"} =>\n1 @[3]\nup{job=\"b\"} =>\n2.5 @[1]\n");
}

}  // namespace
}  // namespace hearth
