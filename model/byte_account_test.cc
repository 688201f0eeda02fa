#include "model/byte_account.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace hearth {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;

TEST(ByteAccountTest, RefusesWhatWouldPassTheLimitAndChargesNothingForIt) {
  ByteAccount account("--x.max-bytes", 100);
  EXPECT_TRUE(account.Charge(60).ok());
  const absl::Status refused = account.Charge(41);
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(refused.message(), "more memory is needed than --x.max-bytes=100 bytes allows");
  EXPECT_EQ(account.held(), 60);
  EXPECT_TRUE(account.Charge(40).ok());
  account.Release(100);
  EXPECT_EQ(account.held(), 0);
  EXPECT_EQ(account.peak(), 100);
}

TEST(ByteAccountTest, TheParentBoundsSeveralAndGetsItsBytesBack) {
  ByteAccount parent("--x.max-total-bytes", 10 * kMiB);
  {
    ByteAccount a("--x.max-bytes", 8 * kMiB, &parent), b("--x.max-bytes", 8 * kMiB, &parent);
    EXPECT_TRUE(a.Charge(7 * kMiB).ok());
    const absl::Status refused = b.Charge(4 * kMiB);
    EXPECT_THAT(std::string(refused.message().data(), refused.message().size()),
                testing::HasSubstr("--x.max-total-bytes=10485760"));
    EXPECT_TRUE(b.Charge(3 * kMiB).ok());
    EXPECT_EQ(parent.held(), 10 * kMiB);
  }
  EXPECT_EQ(parent.held(), 0);
}

TEST(ByteAccountTest, TheParentGetsBackWhatIsNotNeededAnyMore) {
  ByteAccount parent("--x.max-total-bytes", 20 * kMiB);
  ByteAccount child("--x.max-bytes", 20 * kMiB, &parent);
  ASSERT_TRUE(child.Charge(16 * kMiB).ok());
  child.Release(15 * kMiB);
  EXPECT_LE(parent.held(), 2 * kMiB);
  EXPECT_GE(parent.held(), child.held());
  ASSERT_TRUE(child.Charge(18 * kMiB).ok());
  EXPECT_EQ(parent.held(), 19 * kMiB);
}

TEST(ByteAccountTest, ALimitThatIsWhatIsLeftMayChangeAndItsRefusalSaysSo) {
  ByteAccount account("--memory-limit", 100, nullptr, ByteAccount::Bound::kWhatIsLeft);
  EXPECT_TRUE(account.Charge(60).ok());
  account.SetMax(50);
  const absl::Status refused = account.Charge(1);
  EXPECT_EQ(refused.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(refused.message(),
            "more memory is needed than the 50 bytes that --memory-limit leaves");
  EXPECT_EQ(account.refusals(), 1u);
  account.SetMax(61);
  EXPECT_TRUE(account.Charge(1).ok());
}

TEST(ByteAccountTest, ChargesAreReleasedWithTheirOwnerAndMoveWithIt) {
  ByteAccount account("--x.max-bytes", kMiB);
  {
    ByteCharge first(&account);
    EXPECT_TRUE(first.Add(10'000).ok());
    EXPECT_GE(account.held(), 10'000);
    ByteCharge second = std::move(first);
    EXPECT_FALSE(second.Add(kMiB).ok());
    first.Release();
    EXPECT_GE(account.held(), 10'000) << "what was moved is not the old owner's to release";
  }
  EXPECT_EQ(account.held(), 0);
  ByteCharge free_of_charge;
  EXPECT_TRUE(free_of_charge.Add(size_t{1} << 40).ok());
}

TEST(ByteAccountTest, ManyThreadsNeverPassTheLimitTogether) {
  ByteAccount parent("--x.max-total-bytes", 20 * kMiB);
  ByteAccount account("--x.max-bytes", 15 * kMiB, &parent);
  std::vector<std::thread> threads;
  std::vector<ByteCharge> charges;
  for (int t = 0; t < 4; ++t) charges.emplace_back(&account);
  for (ByteCharge& charge : charges) {
    threads.emplace_back([&charge] {
      for (int i = 0; i < 10'000; ++i) charge.Add(1000).IgnoreError();
    });
  }
  for (std::thread& thread : threads) thread.join();
  charges.clear();
  EXPECT_LE(account.peak(), 15 * kMiB);
  EXPECT_GT(account.peak(), 14 * kMiB);
  EXPECT_EQ(account.held(), 0);
}

}  // namespace
}  // namespace hearth
