#include "tsdb/head/chunk_arena.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

namespace hearth {
namespace {

TEST(ChunkArenaTest, BlocksNeverOverlap) {
  ChunkArena arena;
  std::mt19937 random(1);
  struct Block {
    char* memory;
    size_t steps;
    char fill;
  };
  std::vector<Block> blocks;
  const auto check = [](const Block& b) {
    for (size_t i = 0; i < b.steps * ChunkArena::kStepBytes; ++i) ASSERT_EQ(b.memory[i], b.fill);
  };
  for (int i = 0; i < 20'000; ++i) {
    if (blocks.size() < 300 || random() % 2 == 0) {
      const size_t steps = 1 + random() % (ChunkArena::kMaxBlockBytes / ChunkArena::kStepBytes);
      const Block block{arena.Allocate(steps), steps, static_cast<char>(random())};
      std::memset(block.memory, block.fill, steps * ChunkArena::kStepBytes);
      blocks.push_back(block);
    } else {
      const size_t at = random() % blocks.size();
      check(blocks[at]);
      arena.Free(blocks[at].memory);
      blocks[at] = blocks.back();
      blocks.pop_back();
    }
  }
  for (const Block& block : blocks) check(block);
}

TEST(ChunkArenaTest, PagesThatWereLeftServeOtherSizes) {
  ChunkArena arena;
  std::vector<char*> blocks(20'000);
  for (char*& block : blocks) block = arena.Allocate(1);
  const size_t before = arena.bytes();
  // All series grow together.
  for (size_t steps = 2; steps <= 4; ++steps) {
    for (char*& block : blocks) {
      char* const larger = arena.Allocate(steps);
      arena.Free(block);
      block = larger;
    }
  }
  EXPECT_LE(arena.bytes(), before * 4 + before / 2);
  for (char* block : blocks) arena.Free(block);
  EXPECT_LE(arena.bytes(), size_t{4} << 20) << "what nobody uses goes back, but for a few pages";
}

}  // namespace
}  // namespace hearth
