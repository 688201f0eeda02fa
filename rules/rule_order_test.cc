// Which rules of a group may run at the same time.
#include "rules/rule_order.h"

#include "rules/group_fixture.h"

namespace hearth {
namespace {

class RuleOrderTest : public GroupTest {
 protected:
  using Order = std::vector<std::vector<size_t>>;
  // `rules` is what stands in the list of a group's rules.
  Order OrderOf(std::string_view rules) {
    return IndependentBatches(
        MakeGroup(StrCat("groups: [{name: g, rules: [", rules, "]}]"))->rules());
  }
};

TEST_F(RuleOrderTest, RulesThatKnowNothingOfEachOtherAreOneBatch) {
  EXPECT_EQ(OrderOf("{record: a, expr: x}, {record: b, expr: x}, {alert: A, expr: x > 0}"),
            (Order{{0, 1, 2}}));
}

TEST_F(RuleOrderTest, AReaderComesAfterItsWriter) {
  EXPECT_EQ(OrderOf("{record: a, expr: x}, {record: b, expr: 'rate(a[5m])'}, {record: c, expr: x}"),
            (Order{{0, 2}, {1}}));
}

TEST_F(RuleOrderTest, AReaderBeforeTheWriterSeesTheOldValue) {
  EXPECT_EQ(OrderOf("{record: b, expr: a}, {record: a, expr: x}"), (Order{{0}, {1}}));
}

TEST_F(RuleOrderTest, AChainIsOneAfterTheOther) {
  EXPECT_EQ(OrderOf("{record: a, expr: x}, {record: b, expr: a}, {record: c, expr: b}"),
            (Order{{0}, {1}, {2}}));
}

TEST_F(RuleOrderTest, WritersOfOneMetricKeepTheirOrder) {
  EXPECT_EQ(OrderOf("{record: a, expr: x}, {record: a, expr: y, labels: {l: v}}"),
            (Order{{0}, {1}}));
}

TEST_F(RuleOrderTest, ASelectorWithoutANameReadsEverything) {
  EXPECT_EQ(OrderOf(R"({record: a, expr: x}, {record: b, expr: '{__name__=~"y.*"}'}, )"
                    "{record: c, expr: x}"),
            (Order{{0}, {1}, {2}}));
}

TEST_F(RuleOrderTest, WhoReadsAlertsComesAfterAlertingRules) {
  EXPECT_EQ(OrderOf("{alert: A, expr: x}, {record: r, expr: count(ALERTS)}, "
                    "{alert: B, expr: ALERTS_FOR_STATE}, {record: c, expr: x}"),
            (Order{{0, 3}, {1}, {2}}));
}

TEST_F(RuleOrderTest, ATemplateThatAsksReadsEverything) {
  EXPECT_EQ(OrderOf(R"({record: a, expr: x}, {alert: A, expr: x, annotations: )"
                    R"({s: '{{ query "a" | first | value }}'}})"),
            (Order{{0}, {1}}));
}

TEST_F(RuleOrderTest, SubqueriesAndBinaryOperatorsAreLookedInto) {
  EXPECT_EQ(OrderOf("{record: a, expr: x}, {record: b, expr: 'y + max_over_time(sum(a)[5m:1m])'}"),
            (Order{{0}, {1}}));
}

}  // namespace
}  // namespace hearth
