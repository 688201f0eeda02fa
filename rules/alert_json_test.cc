#include "rules/alert_json.h"

#include <gtest/gtest.h>

#include "nlohmann/json.hpp"

namespace hearth {
namespace {

std::shared_ptr<const OutgoingAlert> Shared(OutgoingAlert alert) {
  return std::make_shared<const OutgoingAlert>(std::move(alert));
}

TEST(AlertJsonTest, AnAlertHasEveryFieldOfTheApi) {
  const std::string json =
      AlertsJson({Shared({.labels = {{"alertname", "Down"}, {"job", "a"}},
                          .annotations = {{"summary", "a is down"}},
                          .starts_at_ms = 1'700'000'000'000,
                          .ends_at_ms = 1'700'000'240'015,
                          .generator_url = "http://h:9090/graph?g0.expr=up"})});
  EXPECT_EQ(json,
            "[{\"annotations\":{\"summary\":\"a is down\"},"
            "\"endsAt\":\"2023-11-14T22:17:20.015Z\",\"startsAt\":\"2023-11-14T22:13:20.000Z\","
            "\"generatorURL\":\"http://h:9090/graph?g0.expr=up\","
            "\"labels\":{\"alertname\":\"Down\",\"job\":\"a\"}}]");
}

TEST(AlertJsonTest, AnyTextIsValidJson) {
  const std::string text = "line\nbreak \"quoted\" \\ <b>&\x01 ☃ \xff";
  const auto json = nlohmann::json::parse(
      AlertsJson({Shared({.labels = {{"alertname", text}}, .annotations = {{text, text}}}),
                  Shared({.labels = {{"alertname", "second"}}})}));
  ASSERT_EQ(json.size(), 2u);
  const std::string shown = "line\nbreak \"quoted\" \\ <b>&\x01 ☃ \xef\xbf\xbd";
  EXPECT_EQ(json[0]["labels"]["alertname"], shown);
  EXPECT_EQ(json[0]["annotations"][shown], shown);
  EXPECT_EQ(json[1]["annotations"], nlohmann::json::object());
  EXPECT_FALSE(json[1].contains("generatorURL"));
}

TEST(AlertJsonTest, NothingIsAnEmptyList) { EXPECT_EQ(AlertsJson({}), "[]"); }

}  // namespace
}  // namespace hearth
