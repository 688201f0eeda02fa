#include "rules/alert_queue.h"

#include <gtest/gtest.h>

#include <string>

#include "model/text.h"

namespace hearth {
namespace {

constexpr TimeMs kNow = 1'000'000;

QueuedAlert Firing(std::string_view name, TimeMs starts_at_ms = 1) {
  return MakeQueuedAlert({.labels = {{"alertname", name}},
                          .annotations = {},
                          .starts_at_ms = starts_at_ms,
                          .ends_at_ms = kNow + 1,
                          .generator_url = ""},
                         kNow);
}

QueuedAlert Resolved(std::string_view name, TimeMs starts_at_ms = 1) {
  return MakeQueuedAlert({.labels = {{"alertname", name}},
                          .annotations = {},
                          .starts_at_ms = starts_at_ms,
                          .ends_at_ms = kNow,
                          .generator_url = ""},
                         kNow);
}

// "a b- c": names in order, a minus for resolved ones.
std::string Text(const std::vector<QueuedAlert>& alerts) {
  std::string text;
  for (const QueuedAlert& alert : alerts) {
    StrAppend(&text, text.empty() ? "" : " ", alert.alert->labels.Get("alertname"),
              alert.resolved ? "-" : "");
  }
  return text;
}

TEST(AlertQueueTest, GivesTheOldestFirst) {
  AlertQueue queue(10);
  for (const char* name : {"a", "b", "c"}) EXPECT_EQ(queue.Add(Firing(name)), 0u);
  EXPECT_EQ(queue.size(), 3u);
  EXPECT_EQ(Text(queue.Take(2)), "a b");
  EXPECT_EQ(Text(queue.Take(2)), "c");
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(Text(queue.Take(2)), "");
}

TEST(AlertQueueTest, DropsTheOldestWhenItIsFull) {
  AlertQueue queue(2);
  EXPECT_EQ(queue.Add(Firing("a")) + queue.Add(Firing("b")), 0u);
  EXPECT_EQ(queue.Add(Firing("c")), 1u);
  EXPECT_EQ(Text(queue.Take(9)), "b c");
}

TEST(AlertQueueTest, AnAlertThatIsSentAgainTakesItsOwnPlace) {
  AlertQueue queue(2);
  queue.Add(Firing("a"));
  queue.Add(Firing("b"));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(queue.Add(Firing("a")), 0u);
  EXPECT_EQ(Text(queue.Take(9)), "b a");
}

TEST(AlertQueueTest, FiringAndResolvedAreBothKeptInTheirOrder) {
  AlertQueue queue(9);
  queue.Add(Firing("a"));
  queue.Add(Resolved("a"));
  queue.Add(Firing("a", 2));  // It fires anew.
  queue.Add(Resolved("a", 2));
  EXPECT_EQ(Text(queue.Take(9)), "a a- a a-");
}

TEST(AlertQueueTest, WhatIsPutBackComesFirstAgain) {
  AlertQueue queue(9);
  for (const char* name : {"a", "b", "c"}) queue.Add(Firing(name));
  std::vector<QueuedAlert> batch = queue.Take(2);
  queue.Add(Resolved("a"));
  EXPECT_EQ(queue.PutBack(std::move(batch)), 0u);
  EXPECT_EQ(Text(queue.Take(9)), "a b c a-");
}

TEST(AlertQueueTest, WhatIsPutBackGivesWayToTheNewer) {
  AlertQueue queue(9);
  queue.Add(Firing("a"));
  queue.Add(Firing("b"));
  std::vector<QueuedAlert> batch = queue.Take(2);
  queue.Add(Firing("a"));
  EXPECT_EQ(queue.PutBack(std::move(batch)), 0u);
  EXPECT_EQ(Text(queue.Take(9)), "b a");
}

TEST(AlertQueueTest, WhatIsPutBackWithoutRoomIsDropped) {
  AlertQueue queue(2);
  queue.Add(Firing("a"));
  queue.Add(Firing("b"));
  std::vector<QueuedAlert> batch = queue.Take(2);
  queue.Add(Firing("c"));
  EXPECT_EQ(queue.PutBack(std::move(batch)), 1u);
  EXPECT_EQ(Text(queue.Take(9)), "b c");
  queue.Add(Firing("d"));
  EXPECT_EQ(queue.Clear(), 1u);
  EXPECT_EQ(queue.Add(Firing("d")), 0u);
  EXPECT_EQ(queue.size(), 1u);
}

}  // namespace
}  // namespace hearth
