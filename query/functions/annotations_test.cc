#include "query/functions/annotations.h"

#include "gtest/gtest.h"

namespace hearth::promql {
namespace {

struct Texts {
  std::vector<std::string> warnings, infos;
};

Texts Rendered(const Annotations& notes, std::string_view query) {
  Texts texts;
  notes.Render(query, &texts.warnings, &texts.infos);
  return texts;
}

// Each kind with the text that Prometheus has for it.
TEST(AnnotationsTest, EveryNoteHasItsWords) {
  const auto text = [](Note note, std::initializer_list<std::string_view> details,
                       std::string_view metric = "") {
    Annotations notes;
    notes.Add(note, {}, details, metric);
    const Texts texts = Rendered(notes, "x");
    EXPECT_EQ(texts.warnings.size() + texts.infos.size(), 1u);
    return texts.warnings.empty() ? texts.infos.at(0) : texts.warnings.at(0);
  };
  const std::string warning = "PromQL warning: ", info = "PromQL info: ", at = " (1:1)";
  EXPECT_EQ(text(Note::kInvalidQuantile, {"1.5"}),
            warning + "quantile value should be between 0 and 1, got 1.5" + at);
  EXPECT_EQ(text(Note::kInvalidRatio, {"1.1", "1"}),
            warning + "ratio value should be between -1 and 1, got 1.1, capping to 1" + at);
  EXPECT_EQ(text(Note::kBadBucketLabel, {"a\"b"}, "m"),
            warning +
                "bucket label \"le\" is missing or has a malformed value of \"a\\\"b\" for "
                "metric name \"m\"" +
                at);
  EXPECT_EQ(text(Note::kBadBucketLabel, {""}),
            warning + "bucket label \"le\" is missing or has a malformed value of \"\"" + at);
  EXPECT_EQ(text(Note::kStartTimeOverlap, {"m"}),
            warning +
                "sample has start time that overlaps with previous sample timestamp for "
                "metric \"m\"" +
                at);
  EXPECT_EQ(text(Note::kSortIneffective, {}),
            warning +
                "sort is ineffective for range queries since results are always ordered by "
                "labels" +
                at);
  EXPECT_EQ(text(Note::kPossibleNonCounter, {"m"}),
            info +
                "metric might not be a counter, name does not end in "
                "_total/_sum/_count/_bucket: \"m\"" +
                at);
  EXPECT_EQ(text(Note::kPossibleNonCounterType, {"gauge", "m"}),
            info +
                "metric might not be a counter, __type__ label is not set to \"counter\" or "
                "\"histogram\", got \"gauge\": \"m\"" +
                at);
  EXPECT_EQ(text(Note::kIncompatibleTypes, {"+", "histogram", "+", "float"}),
            info +
                "incompatible sample types encountered for binary operator \"+\": histogram + "
                "float" +
                at);
  EXPECT_EQ(text(Note::kMixedFloatsHistograms, {"m"}),
            warning + "encountered a mix of histograms and floats for metric name \"m\"" + at);
  EXPECT_EQ(text(Note::kMixedInAggregation, {}),
            warning + "encountered a mix of histograms and floats for aggregation" + at);
  EXPECT_EQ(text(Note::kMixedClassicNative, {}, "m"),
            warning +
                "vector contains a mix of classic and native histograms for metric name "
                "\"m\"" +
                at);
  EXPECT_EQ(text(Note::kNotACounterHistogram, {"m"}),
            warning + "this native histogram metric is not a counter: \"m\"" + at);
  EXPECT_EQ(text(Note::kNotAGaugeHistogram, {"m"}),
            warning + "this native histogram metric is not a gauge: \"m\"" + at);
  EXPECT_EQ(text(Note::kMixedExponentialCustom, {"m"}),
            warning +
                "vector contains a mix of histograms with exponential and custom buckets "
                "schemas for metric name \"m\"" +
                at);
  EXPECT_EQ(text(Note::kIncompatibleBucketLayout, {"-"}),
            warning + "incompatible bucket layout encountered for binary operator -" + at);
  EXPECT_EQ(text(Note::kCounterResetCollision, {"aggregation"}),
            warning + "conflicting counter resets during histogram aggregation" + at);
  EXPECT_EQ(text(Note::kHistogramIgnored, {"max"}),
            info + "ignored histogram in max aggregation" + at);
  EXPECT_EQ(text(Note::kHistogramsIgnoredInRange, {"m"}),
            info +
                "ignored histograms in a range containing both floats and histograms for "
                "metric name \"m\"" +
                at);
  EXPECT_EQ(text(Note::kQuantileOfNaNs, {}, "m"),
            info +
                "input to histogram_quantile has NaN observations, result is NaN for metric "
                "name \"m\"" +
                at);
  EXPECT_EQ(
      text(Note::kQuantileSkewedByNaNs, {}),
      info + "input to histogram_quantile has NaN observations, result is skewed higher" + at);
  EXPECT_EQ(text(Note::kFractionWithoutNaNs, {}, "m"),
            info +
                "input to histogram_fraction has NaN observations, which are excluded from all "
                "fractions for metric name \"m\"" +
                at);
  EXPECT_EQ(text(Note::kCustomBucketsReconciled, {"subtraction"}),
            info + "mismatched custom buckets were reconciled during subtraction" + at);
}

TEST(AnnotationsTest, NumbersAreWrittenAsGoWritesThem) {
  Annotations notes;
  for (double q : {1e6, 123456.0, -0.00001, 1e21}) notes.InvalidQuantile(q, {});
  notes.InvalidRatio(-1e20, -1, {});
  const std::string got = "PromQL warning: quantile value should be between 0 and 1, got ";
  EXPECT_EQ(
      Rendered(notes, "x").warnings,
      (std::vector<std::string>{
          got + "-1e-05 (1:1)", got + "123456 (1:1)", got + "1e+06 (1:1)", got + "1e+21 (1:1)",
          "PromQL warning: ratio value should be between -1 and 1, got -1e+20, capping to -1 "
          "(1:1)"}));
}

TEST(AnnotationsTest, EqualOnesAreKeptOnceAndPlacesAreLinesAndColumns) {
  Annotations notes, more;
  const std::string_view query = "a +\n  b";
  notes.Add(Note::kSortIneffective, {.start = 6, .end = 7});
  more.Add(Note::kSortIneffective, {.start = 6, .end = 7});
  more.Add(Note::kSortIneffective, {.start = 0, .end = 1});
  notes.Merge(more);
  const std::string text =
      "PromQL warning: sort is ineffective for range queries since results are always ordered by "
      "labels";
  EXPECT_EQ(Rendered(notes, query).warnings,
            (std::vector<std::string>{text + " (1:1)", text + " (2:3)"}));
  EXPECT_TRUE(Rendered(notes, query).infos.empty());
}

// What is said again and again is looked at once only.
TEST(AnnotationsTest, RepeatedOnesKeepTheirLastStepAndComeBackWhereTheyWereLeftOut) {
  Annotations notes;
  const auto add = [](Annotations* to, std::string_view metric, TimeMs step) {
    to->Add(Note::kPossibleNonCounter, {0, 1}, {metric}, "", step);
  };
  for (const TimeMs step : {10, 10, 30, 20}) add(&notes, "m", step);
  add(&notes, "n", 15);
  add(&notes, "m", 12);
  EXPECT_EQ(Rendered(notes, "x").infos.size(), 2u);
  EXPECT_EQ(Rendered(notes.From(30), "x").infos.size(), 1u);
  EXPECT_EQ(Rendered(notes.From(31), "x").infos.size(), 0u);
  EXPECT_TRUE(notes.attributed());
  Annotations later = notes.From(31);
  add(&later, "m", 12);
  EXPECT_EQ(Rendered(later, "x").infos.size(), 1u);
  add(&later, "m", kUnknownStep);
  EXPECT_FALSE(later.attributed());
}

TEST(AnnotationsTest, ForcedMonotonicityIsAddedUp) {
  Annotations notes;
  notes.Monotonicity("m", {}, {1000, 1000, 0.5, 1, 2.345, 1});
  notes.Monotonicity("m", {}, {61'000, 61'000, 0.25, 0.5, 1, 1});
  EXPECT_EQ(Rendered(notes, "m").infos,
            (std::vector<std::string>{
                "PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see "
                "https://prometheus.io/docs/prometheus/latest/querying/functions/"
                "#histogram_quantile) for metric name \"m\", from buckets 0.25 to 1, with a max "
                "diff of 2.3, over 2 samples from 1970-01-01T00:00:01Z to 1970-01-01T00:01:01Z "
                "(1:1)"}));
}

}  // namespace
}  // namespace hearth::promql
