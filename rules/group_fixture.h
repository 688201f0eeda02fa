// rules/group_fixture.h
//
// For tests: groups on a storage in memory and a clock that stands still.
#ifndef HEARTH_RULES_GROUP_FIXTURE_H_
#define HEARTH_RULES_GROUP_FIXTURE_H_

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/fake_clock.h"
#include "model/float_text.h"
#include "model/mutex.h"
#include "model/text.h"
#include "query/engine.h"
#include "query/notation/histogram_text.h"
#include "rules/group.h"
#include "rules/rule_file.h"
#include "tsdb/fake_storage.h"

namespace hearth {

class CollectingSink : public AlertSink {
 public:
  void Send(std::vector<OutgoingAlert> alerts) override LOCKS_EXCLUDED(mu_) {
    MutexLock lock(&mu_);
    for (OutgoingAlert& alert : alerts) sent_.push_back(std::move(alert));
  }
  // Since the last call.
  std::vector<OutgoingAlert> Take() LOCKS_EXCLUDED(mu_) {
    MutexLock lock(&mu_);
    return std::exchange(sent_, {});
  }

 private:
  Mutex mu_;
  std::vector<OutgoingAlert> sent_ GUARDED_BY(mu_);
};

class GroupTest : public ::testing::Test {
 protected:
  static constexpr TimeMs kSecond = 1000;
  static constexpr TimeMs kMinute = 60 * kSecond;
  static constexpr TimeMs kStart = 1'700'000'000'000;

  // The groups of a rule file; the test fails when it is not good.
  static std::vector<RuleGroupSpec> Specs(std::string_view yaml) {
    std::vector<std::string> errors;
    RuleFile file = ParseRuleFile("rules.yml", yaml, {}, &errors);
    for (const std::string& error : errors) ADD_FAILURE() << error;
    return std::move(file.groups);
  }

  GroupParts Parts() {
    GroupParts parts;
    parts.engine = &engine_;
    parts.storage = &storage_;
    parts.clock = &clock_;
    parts.sink = &sink_;
    parts.warn = [this](const std::string& text) { warnings_.push_back(text); };
    return parts;
  }

  std::unique_ptr<Group> MakeGroup(const RuleGroupSpec& spec) {
    absl::StatusOr<std::unique_ptr<Group>> group = Group::Make(spec, settings_, Parts());
    EXPECT_TRUE(group.ok()) << group.status();
    return *std::move(group);
  }
  // Of the one group in `yaml`.
  std::unique_ptr<Group> MakeGroup(std::string_view yaml) { return MakeGroup(Specs(yaml).front()); }

  void Put(const Labels& labels, TimeMs t, double v) { storage_.Put(labels, t, v); }
  void End(const Labels& labels, TimeMs t) { storage_.Put(labels, t, StaleNaN()); }

  static std::string ValueText(const FakeStorage::Value& value) {
    if (const auto* histogram = std::get_if<Histogram>(&value))
      return promql::HistogramLiteralText(*histogram);
    const double v = std::get<double>(value);
    return IsStaleNaN(v) ? "stale" : FixedFloatText(v);
  }
  // The series that have a sample at `t`, sorted: `name{a="b"} 1`, `name{a="b"} stale`,
  // `name{a="b"} {{count:2}}`.
  std::vector<std::string> SamplesAt(TimeMs t) const {
    std::vector<std::string> lines;
    for (const auto& [fingerprint, series] : storage_.Snapshot()) {
      const auto it = series.samples.find(t);
      if (it == series.samples.end()) continue;
      lines.push_back(StrCat(series.labels.ToString(), " ", ValueText(it->second)));
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }
  // The same without the series of the inputs.
  std::vector<std::string> WrittenAt(TimeMs t, std::string_view input = "in") const {
    std::vector<std::string> lines = SamplesAt(t);
    std::erase_if(lines, [&](const std::string& line) { return line.starts_with(input); });
    return lines;
  }

  FakeStorage storage_;
  FakeClock clock_{kStart};
  promql::Engine engine_{&storage_, &clock_, promql::EngineOptions{}};
  CollectingSink sink_;
  GroupSettings settings_{.file = "rules.yml", .external_url = "http://hearth.example:9090"};
  std::vector<std::string> warnings_;
};

using Lines = std::vector<std::string>;

}  // namespace hearth

#endif  // HEARTH_RULES_GROUP_FIXTURE_H_
