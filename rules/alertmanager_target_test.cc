#include "rules/alertmanager_target.h"

#include <gtest/gtest.h>

#include "model/text.h"

namespace hearth {
namespace {

// The URL, "dropped: <URL>" or the error.
std::string Make(const AlertmanagerConfig& config, const Labels& discovered) {
  const auto rules = CompileRelabelRules(config.relabel_configs);
  if (!rules.ok()) return rules.status().ToString();
  const auto target = MakeAlertmanagerTarget(config, *rules, discovered);
  if (!target.ok()) return std::string(target.status().message());
  return StrCat(target->dropped ? "dropped: " : "", target->url);
}

TEST(AlertmanagerTargetTest, TheConfigurationGivesSchemeAndPath) {
  const Labels am = {{"__address__", "am:9093"}};
  AlertmanagerConfig config;
  EXPECT_EQ(Make(config, am), "http://am:9093/api/v2/alerts");
  for (const char* prefix : {"mon/am", "/mon/am", "/mon/am/"}) {
    config.path_prefix = prefix;
    EXPECT_EQ(Make(config, am), "http://am:9093/mon/am/api/v2/alerts");
  }
  config.path_prefix = "/";
  config.scheme = "https";
  EXPECT_EQ(Make(config, am), "https://am:9093/api/v2/alerts");
  EXPECT_EQ(Make(config, {{"__address__", "am:9093"}, {"__scheme__", "http"}}),
            "http://am:9093/api/v2/alerts")
      << "labels of the target's group win";
}

TEST(AlertmanagerTargetTest, RelabellingMayChangeEveryPartAndDrop) {
  AlertmanagerConfig config;
  config.relabel_configs = {
      {.source_labels = {"__meta_port"},
       .regex = "(.+)",
       .target_label = "__address__",
       .replacement = "am:$1"},
      {.target_label = "__scheme__", .replacement = "https"},
      {.target_label = "__alerts_path__", .replacement = "x y/alerts?a"},
      {.source_labels = {"__meta_role"}, .regex = "passive", .action = "drop"}};
  EXPECT_EQ(Make(config, {{"__address__", "am:1"}, {"__meta_port", "9"}}),
            "https://am:9/x%20y/alerts%3Fa");
  EXPECT_EQ(Make(config, {{"__address__", "am:1"}, {"__meta_role", "passive"}}),
            "dropped: http://am:1/api/v2/alerts");
}

TEST(AlertmanagerTargetTest, WhatIsNoAddressIsRefused) {
  const AlertmanagerConfig config;
  EXPECT_EQ(Make(config, {{"x", "y"}}), "no address");
  EXPECT_EQ(Make(config, {{"__address__", "http://am"}}), "\"http://am\" is not a valid hostname");
  EXPECT_EQ(Make(config, {{"__address__", "u:secret@am:9093"}}),
            "\"am:9093\" is not a valid hostname");
  EXPECT_NE(Make(config, {{"__address__", "am:9093"}, {"__scheme__", "ftp"}}).find("scheme"),
            std::string::npos);
  EXPECT_NE(Make(config, {{"__address__", "a b:9093"}}), "http://a b:9093/api/v2/alerts");
  AlertmanagerConfig dropping;
  dropping.relabel_configs = {{.source_labels = {"__address__"}, .action = "drop"}};
  EXPECT_EQ(Make(dropping, {{"__address__", "u:secret@am:9093"}}),
            "dropped: http://am:9093/api/v2/alerts")
      << "credentials are not shown";
}

}  // namespace
}  // namespace hearth
