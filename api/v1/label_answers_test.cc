#include "api/v1/label_answers.h"

#include "gtest/gtest.h"

namespace hearth {
namespace {

Fingerprint Key(char c) { return FingerprintOf(std::string(1, c)); }

TEST(LabelAnswersTest, FindsWhatWasKept) {
  LabelAnswers answers(nullptr);
  EXPECT_EQ(answers.Find(Key('a')), nullptr);
  answers.Keep(Key('a'), "first");
  answers.Keep(Key('b'), "other");
  ASSERT_NE(answers.Find(Key('a')), nullptr);
  EXPECT_EQ(*answers.Find(Key('a')), "first");
  EXPECT_EQ(*answers.Find(Key('b')), "other");
}

TEST(LabelAnswersTest, TheLeastRecentlyUsedGoFirst) {
  LabelAnswers answers(nullptr, 8000);
  for (const char c : {'a', 'b', 'c', 'd'}) answers.Keep(Key(c), std::string(1700, c));
  EXPECT_NE(answers.Find(Key('a')), nullptr);
  answers.Keep(Key('e'), std::string(1700, 'e'));
  EXPECT_NE(answers.Find(Key('a')), nullptr);
  EXPECT_EQ(answers.Find(Key('b')), nullptr);
  EXPECT_NE(answers.Find(Key('e')), nullptr);
  EXPECT_LE(answers.bytes(), 8000u);
}

TEST(LabelAnswersTest, OneBodyDoesNotPushAllOthersOut) {
  LabelAnswers answers(nullptr, 8000);
  answers.Keep(Key('a'), "small");
  answers.Keep(Key('b'), std::string(2100, 'b'));
  EXPECT_EQ(answers.Find(Key('b')), nullptr);
  EXPECT_NE(answers.Find(Key('a')), nullptr);
}

TEST(LabelAnswersTest, WhatIsKeptIsChargedAndLetGoWhereThereIsNoRoom) {
  ByteAccount account("--limit", 3000);
  {
    LabelAnswers answers(&account);
    answers.Keep(Key('a'), std::string(1000, 'a'));
    EXPECT_EQ(account.held(), static_cast<int64_t>(answers.bytes()));
    EXPECT_GT(account.held(), 1000);
    answers.Keep(Key('b'), std::string(2500, 'b'));
    EXPECT_EQ(answers.Find(Key('a')), nullptr);
    EXPECT_EQ(answers.Find(Key('b')), nullptr);
    EXPECT_EQ(account.held(), 0);
    answers.Keep(Key('c'), "c");
    EXPECT_GT(account.held(), 0);
  }
  EXPECT_EQ(account.held(), 0);
}

}  // namespace
}  // namespace hearth
