#include "model/fair_queue.h"

#include <gtest/gtest.h>

#include <vector>

namespace hearth {
namespace {

std::vector<int> Drain(FairQueue<int>* queue) {
  std::vector<int> items;
  while (!queue->empty()) items.push_back(queue->Pop());
  return items;
}

TEST(FairQueueTest, LinesTakeTurns) {
  FairQueue<int> queue;
  for (int i = 1; i <= 4; ++i) queue.Push("greedy", i);
  queue.Push("modest", 100);
  queue.Push("other", 200);
  queue.Push("other", 201);
  EXPECT_EQ(queue.size(), 7u);
  EXPECT_EQ(Drain(&queue), (std::vector<int>{1, 100, 200, 2, 201, 3, 4}));
}

TEST(FairQueueTest, WhoComesBackWaitsBehindTheOthers) {
  FairQueue<int> queue;
  queue.Push("a", 1);
  queue.Push("b", 10);
  EXPECT_EQ(queue.Pop(), 1);
  queue.Push("a", 2);
  EXPECT_EQ(Drain(&queue), (std::vector<int>{10, 2}));
}

TEST(FairQueueTest, RemovesFromTheMiddleAndTheLastOfALine) {
  FairQueue<int> queue;
  for (int i = 1; i <= 3; ++i) queue.Push("a", i);
  queue.Push("b", 10);
  queue.Remove("a", 2);
  queue.Remove("b", 10);
  queue.Remove("b", 10);
  queue.Remove("a", 7);
  EXPECT_EQ(queue.size(), 2u);
  EXPECT_EQ(Drain(&queue), (std::vector<int>{1, 3}));
}

}  // namespace
}  // namespace hearth
