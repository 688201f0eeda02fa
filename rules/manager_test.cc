// Groups over time and over reloads, on a clock that stands still between ticks.
#include "rules/manager.h"

#include <atomic>
#include <map>

#include "rules/group_fixture.h"

namespace hearth {
namespace {

class RuleManagerTest : public GroupTest {
 protected:
  static constexpr TimeMs kInterval = 15 * kSecond;

  RuleManagerTest() { Restart(); }

  RuleManagerOptions Options() {
    RuleManagerOptions options;
    options.engine = &engine_;
    options.storage = &storage_;
    options.queryable = &storage_;
    options.clock = &clock_;
    options.sink = &sink_;
    options.registry = &registry_;
    options.threads = 0;
    options.environment = &environment_;
    options.warn = [this](const std::string& text) { warnings_.push_back(text); };
    options.error = [this](const std::string& text) { errors_.push_back(text); };
    return options;
  }
  void Restart() { manager_ = std::make_unique<RuleManager>(Options()); }

  // Loads `files_`, all of which the configuration names.
  absl::Status Reload() {
    Config config;
    config.rule_files = {"*"};
    config.global.evaluation_interval.ms = kInterval;
    absl::StatusOr<RuleManager::Loaded> loaded = manager_->Load(config);
    if (!loaded.ok()) return loaded.status();
    manager_->Use(*std::move(loaded));
    return absl::OkStatus();
  }
  void MustReload() { EXPECT_TRUE(Reload().ok()); }

  // Lets time pass, every 10 ms of it.
  void Pass(TimeMs ms) {
    for (const TimeMs end = clock_.NowMs() + ms; clock_.NowMs() < end;) {
      clock_.Advance(10);
      manager_->Tick();
    }
  }

  // Times and values of a series; a marker is "stale".
  std::map<TimeMs, std::string> SamplesOf(const Labels& labels) const {
    std::map<TimeMs, std::string> samples;
    const auto all = storage_.Snapshot();
    const auto it = all.find(labels.Fingerprint());
    if (it == all.end()) return samples;
    for (const auto& [t, value] : it->second.samples) {
      const double v = std::get<double>(value);
      samples[t] = IsStaleNaN(v) ? "stale" : FixedFloatText(v);
    }
    return samples;
  }

  // The value of a metric as /metrics shows it; "" when it is not there.
  std::string Metric(std::string_view series) const {
    std::string text;
    registry_.Render(&text);
    const size_t at = text.find(StrCat("\n", series, " "));
    if (at == std::string::npos) return "";
    const size_t begin = at + series.size() + 2;
    return text.substr(begin, text.find('\n', begin) - begin);
  }
  static std::string OfGroup(std::string_view name, std::string_view key = "a.yml;g") {
    return StrCat("prometheus_rule_", name, "{rule_group=\"", key, "\"}");
  }

  std::map<std::string, std::string> files_;
  LoadEnvironment environment_ = {
      .variable = [](const std::string&) { return std::string(); },
      .read_file = [this](const std::string& path) -> absl::StatusOr<std::string> {
        if (files_[path] == "unreadable") return absl::NotFoundError("no such file");
        return files_[path];
      },
      .glob =
          [this](const std::string&) {
            std::vector<std::string> paths;
            for (const auto& [path, text] : files_) paths.push_back(path);
            return paths;
          }};
  metrics::Registry registry_;
  std::vector<std::string> errors_;
  std::unique_ptr<RuleManager> manager_;
};

constexpr char kTime[] = "groups: [{name: g, rules: [{record: out, expr: time()}]}]";

TEST_F(RuleManagerTest, EvaluatesAtTheGroupsOwnOffset) {
  files_["a.yml"] = kTime;
  MustReload();
  Pass(4 * kInterval);
  const auto samples = SamplesOf({{"__name__", "out"}});
  ASSERT_EQ(samples.size(), 4u);
  for (const auto& [t, value] : samples) {
    EXPECT_EQ(t % kInterval, GroupOffset("a.yml", "g", kInterval));
  }
}

TEST_F(RuleManagerTest, CountsWhatItDoes) {
  files_["a.yml"] =
      "groups: [{name: g, rules: [{record: out, expr: time()}, "
      "{record: bad, expr: '\"x\"'}]}]";
  MustReload();
  EXPECT_EQ(Metric(OfGroup("evaluations_total")), "0");
  EXPECT_EQ(Metric(OfGroup("group_rules")), "2");
  EXPECT_EQ(Metric(OfGroup("group_interval_seconds")), "15");
  Pass(2 * kInterval);
  EXPECT_EQ(Metric(OfGroup("evaluations_total")), "4");
  EXPECT_EQ(Metric(OfGroup("evaluation_failures_total")), "2");
  EXPECT_EQ(Metric(OfGroup("group_iterations_total")), "2");
  EXPECT_EQ(Metric(OfGroup("group_iterations_missed_total")), "0");
  EXPECT_EQ(Metric(OfGroup("group_last_evaluation_samples")), "1");
  EXPECT_NE(Metric(OfGroup("group_last_evaluation_timestamp_seconds")), "0");
  EXPECT_EQ(Metric("prometheus_rule_evaluation_duration_seconds_count"), "4");
  EXPECT_EQ(Metric("prometheus_rule_group_duration_seconds_count"), "2");
}

TEST_F(RuleManagerTest, CountsMissedEvaluations) {
  files_["a.yml"] = kTime;
  MustReload();
  Pass(kInterval);
  clock_.Advance(5 * kInterval);
  manager_->Tick();
  EXPECT_EQ(Metric(OfGroup("group_iterations_missed_total")), "4");
  EXPECT_EQ(Metric(OfGroup("group_iterations_total")), "6");
  EXPECT_EQ(SamplesOf({{"__name__", "out"}}).size(), 2u);
}

TEST_F(RuleManagerTest, GoesOnAfterTheClockWasSetBack) {
  files_["a.yml"] = kTime;
  MustReload();
  Pass(kInterval);
  clock_.Advance(-60 * kMinute);
  Pass(2 * kInterval);
  EXPECT_EQ(Metric(OfGroup("evaluations_total")), "3");
}

TEST_F(RuleManagerTest, ABadFileChangesNothing) {
  files_["a.yml"] = kTime;
  MustReload();
  files_["a.yml"] = "groups: [{name: g, rules: [{record: other, expr: 1}]}]";
  files_["b.yml"] = "groups: [{name: g, rules: [{record: x, expr: '('}]}]";
  const absl::Status status = Reload();
  EXPECT_EQ(status.message(), "error loading rules, previous rule set restored");
  ASSERT_EQ(errors_.size(), 1u);
  EXPECT_NE(errors_[0].find("b.yml"), std::string::npos) << errors_[0];
  EXPECT_NE(errors_[0].find("parse error"), std::string::npos) << errors_[0];
  Pass(kInterval);
  EXPECT_EQ(SamplesOf({{"__name__", "out"}}).size(), 1u);
  ASSERT_EQ(manager_->RuleGroups().size(), 1u);
}

TEST_F(RuleManagerTest, AFileThatCannotBeReadChangesNothing) {
  files_["a.yml"] = "unreadable";
  EXPECT_FALSE(Reload().ok());
  EXPECT_EQ(errors_, Lines{"loading groups failed: a.yml: no such file"});
}

TEST_F(RuleManagerTest, AnUnchangedGroupKeepsEverything) {
  files_["a.yml"] = kTime;
  MustReload();
  Pass(kInterval);
  const auto before = manager_->RuleGroups().front();
  files_["b.yml"] = "groups: [{name: h, rules: []}]";
  MustReload();
  const auto after = manager_->RuleGroups().front();
  EXPECT_EQ(after.rules[0].health, RuleHealth::kGood);
  EXPECT_EQ(after.last_evaluation_ms, before.last_evaluation_ms);
  EXPECT_EQ(Metric(OfGroup("evaluations_total")), "1");
  EXPECT_EQ(manager_->RuleGroups().size(), 2u);
}

TEST_F(RuleManagerTest, AChangedGroupKeepsItsAlerts) {
  files_["a.yml"] = "groups: [{name: g, rules: [{alert: A, expr: 1, for: 1h}]}]";
  MustReload();
  Pass(kInterval);
  const TimeMs active_at = manager_->Alerts().front().active_at_ms;
  files_["a.yml"] = "groups: [{name: g, rules: [{alert: A, expr: vector(1), for: 2h}]}]";
  MustReload();
  Pass(kInterval);
  ASSERT_EQ(manager_->Alerts().size(), 1u);
  EXPECT_EQ(manager_->Alerts().front().active_at_ms, active_at);
}

TEST_F(RuleManagerTest, TheSeriesOfAVanishedGroupEndTwoIntervalsLater) {
  files_["a.yml"] = kTime;
  MustReload();
  Pass(kInterval);
  const size_t written = SamplesOf({{"__name__", "out"}}).size();
  files_.clear();
  MustReload();
  const TimeMs gone = clock_.NowMs();
  EXPECT_EQ(Metric(OfGroup("evaluations_total")), "");
  Pass(2 * kInterval - 10);
  EXPECT_EQ(SamplesOf({{"__name__", "out"}}).size(), written);
  Pass(10);
  const auto samples = SamplesOf({{"__name__", "out"}});
  ASSERT_EQ(samples.size(), written + 1);
  EXPECT_EQ(samples.rbegin()->first, gone);
  EXPECT_EQ(samples.rbegin()->second, "stale");
}

TEST_F(RuleManagerTest, ARenamedGroupGoesOnWithItsSeries) {
  files_["a.yml"] = kTime;
  MustReload();
  Pass(kInterval);
  files_["a.yml"] = "groups: [{name: renamed, rules: [{record: out, expr: time()}]}]";
  MustReload();
  Pass(4 * kInterval);
  for (const auto& [t, value] : SamplesOf({{"__name__", "out"}})) EXPECT_NE(value, "stale");
  EXPECT_EQ(SamplesOf({{"__name__", "out"}}).size(), 5u);
}

TEST_F(RuleManagerTest, AFileRemovedWhileFiringEndsItsAlerts) {
  files_["a.yml"] = "groups: [{name: g, rules: [{alert: A, expr: vector(1)}]}]";
  MustReload();
  Pass(3 * kInterval);
  EXPECT_EQ(manager_->Alerts().size(), 1u);
  files_.clear();
  MustReload();
  EXPECT_TRUE(manager_->Alerts().empty());
  EXPECT_TRUE(manager_->RuleGroups().empty());
  Pass(3 * kInterval);
  const Labels labels = {{"__name__", "ALERTS"}, {"alertname", "A"}, {"alertstate", "firing"}};
  EXPECT_EQ(SamplesOf(labels).rbegin()->second, "stale");
}

TEST_F(RuleManagerTest, TakesUpForAfterARestart) {
  files_["a.yml"] = "groups: [{name: g, rules: [{alert: A, expr: vector(1), for: 30m}]}]";
  MustReload();
  Pass(12 * kMinute);
  const TimeMs active_at = manager_->Alerts().front().active_at_ms;
  Restart();
  clock_.Advance(5 * kMinute);
  MustReload();
  Pass(kInterval);
  EXPECT_GT(manager_->Alerts().front().active_at_ms, active_at + 12 * kMinute);
  Pass(kInterval);  // The second evaluation.
  // The five minutes and the evaluations before and after do not count.
  EXPECT_NEAR(manager_->Alerts().front().active_at_ms, active_at + 5 * kMinute, 3 * kInterval);
  EXPECT_NE(Metric(OfGroup("group_last_restore_duration_seconds")), "0");
}

TEST_F(RuleManagerTest, AReloadBeforeTheAlertsWereTakenUpDoesNotLoseThem) {
  const auto rules = [](std::string_view duration) {
    return StrCat("groups: [{name: g, rules: [{alert: A, expr: vector(1), for: ", duration, "}]}]");
  };
  files_["a.yml"] = rules("30m");
  MustReload();
  Pass(12 * kMinute);
  const TimeMs active_at = manager_->Alerts().front().active_at_ms;
  Restart();
  MustReload();
  Pass(kInterval);
  files_["a.yml"] = rules("31m");
  MustReload();
  Pass(kInterval);
  EXPECT_NEAR(manager_->Alerts().front().active_at_ms, active_at, 3 * kInterval);
}

TEST_F(RuleManagerTest, GroupsAreShownByFileAndName) {
  files_["b.yml"] = "groups: [{name: z, rules: []}, {name: a, rules: []}]";
  files_["a.yml"] = "groups: [{name: m, rules: []}]";
  MustReload();
  Lines names;
  for (const auto& group : manager_->RuleGroups()) names.push_back(group.file + " " + group.name);
  EXPECT_EQ(names, (Lines{"a.yml m", "b.yml a", "b.yml z"}));
}

TEST_F(RuleManagerTest, NothingHappensOnceStopped) {
  files_["a.yml"] = kTime;
  MustReload();
  manager_->Stop();
  Pass(4 * kInterval);
  EXPECT_TRUE(SamplesOf({{"__name__", "out"}}).empty());
}

}  // namespace
}  // namespace hearth
