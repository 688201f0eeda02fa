#include "tools/bench/turn_gate.h"

#include <sstream>

#include "gtest/gtest.h"

namespace hearth::bench {
namespace {

TEST(TurnGateTest, WaitsBeforeTheFirstBatchAndAtEachTurnsEnd) {
  std::istringstream in("\n\n\n");
  std::ostringstream out;
  TurnGate gate(8, &in, &out);
  for (const int64_t acknowledged : {0, 4, 8, 10, 14, 18, 22}) EXPECT_TRUE(gate.Pass(acknowledged));
  EXPECT_EQ(out.str(), "{\"acknowledged\":0}\n{\"acknowledged\":8}\n{\"acknowledged\":18}\n");
}

TEST(TurnGateTest, ABatchLargerThanATurnIsOneTurn) {
  std::istringstream in("\n\n");
  std::ostringstream out;
  TurnGate gate(8, &in, &out);
  EXPECT_TRUE(gate.Pass(0));
  EXPECT_TRUE(gate.Pass(25));
  EXPECT_TRUE(gate.Pass(31));
  EXPECT_EQ(out.str(), "{\"acknowledged\":0}\n{\"acknowledged\":25}\n");
}

TEST(TurnGateTest, TheEndOfTheInputGivesNoTurn) {
  std::istringstream in("\n");
  std::ostringstream out;
  TurnGate gate(8, &in, &out);
  EXPECT_TRUE(gate.Pass(0));
  EXPECT_FALSE(gate.Pass(8));
}

}  // namespace
}  // namespace hearth::bench
