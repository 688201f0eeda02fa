#include "tsdb/head/head_series_set.h"

#include "model/text.h"
#include "tsdb/head/head_test_base.h"

namespace hearth {
namespace {

class HeadSeriesSetTest : public HeadTest {};

TEST_F(HeadSeriesSetTest, BatchesGiveWhatReadsGive) {
  for (int i = 0; i < 40; ++i) {
    std::vector<Sample> samples;
    for (int step = 0; step < 300; ++step) samples.push_back({kT0 + step * 15'000, i * 0.1 + step});
    ASSERT_TRUE(Write(Named("m", StrCat(i)), samples).ok());
  }
  const TimeRange all{kT0, kT0 + 2 * kHour};
  const SelectRequest request{{}, all};
  const auto sets = head_->Select({&request, 1});
  ASSERT_TRUE(sets.ok()) << sets.status();
  auto* const set = static_cast<HeadSeriesSet*>(sets->front().get());
  const std::vector<uint32_t> order = {7, 39, 0, 12};
  EXPECT_EQ(*set->Fetch(order), nullptr);  // Small: all at once.
  set->fetch_at_once_ = false;
  const auto batch = set->Fetch(order);
  ASSERT_TRUE(batch.ok()) << batch.status();
  ASSERT_EQ((*batch)->size(), order.size());
  SampleColumns expected, columns;
  for (size_t k = 0; k < order.size(); ++k) {
    for (const TimeRange range : {all, TimeRange{kT0 + 100'000, kT0 + 3'000'000}}) {
      ASSERT_TRUE(set->Read(order[k], range, &expected).ok());
      ASSERT_TRUE((*batch)->Read(k, range, &columns).ok());
      EXPECT_GT(columns.t.size(), 100u);
      EXPECT_EQ(columns.t, expected.t);
      EXPECT_EQ(columns.v, expected.v);
    }
  }
}

}  // namespace
}  // namespace hearth
