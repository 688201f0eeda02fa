// The manager's threads with the real clock: groups at once, reloads and stops in the middle.
#include <atomic>
#include <condition_variable>
#include <thread>

#include "rules/group_fixture.h"
#include "rules/manager.h"

namespace hearth {
namespace {

constexpr std::chrono::seconds kDeadline{60};

class RuleManagerThreadsTest : public ::testing::Test {
 protected:
  RuleManagerThreadsTest() {
    RuleManagerOptions options;
    options.engine = &engine_;
    options.storage = &storage_;
    options.queryable = &storage_;
    options.clock = &SystemClock::Get();
    options.registry = &registry_;
    options.threads = 4;
    options.concurrent_rules = 2;
    options.environment = &environment_;
    options.warn = options.error = [](const std::string&) {};
    manager_ = std::make_unique<RuleManager>(std::move(options));
  }

  void Reload(std::string file) {
    file_ = std::move(file);
    Config config;
    config.rule_files = {"rules.yml"};
    auto loaded = manager_->Load(config);
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    manager_->Use(*std::move(loaded));
  }
  static std::string Groups(int count, std::string_view rule) {
    std::string text = "groups:\n";
    for (int i = 0; i < count; ++i) {
      StrAppend(&text, "- {name: g", i, ", interval: 50ms, rules: [", rule, "]}\n");
    }
    return text;
  }
  // Waits until every group has been evaluated `times` times since now.
  void AwaitEvaluations(uint64_t times, size_t groups) {
    std::map<std::string, std::optional<TimeMs>> last;
    uint64_t seen = 0;
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (seen < times * groups) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      for (const RuleGroupStatus& group : manager_->RuleGroups()) {
        if (std::exchange(last[group.name], group.last_evaluation_ms) != group.last_evaluation_ms)
          ++seen;
      }
      std::this_thread::yield();
    }
  }

  FakeStorage storage_;
  promql::Engine engine_{&storage_, &SystemClock::Get(), promql::EngineOptions{}};
  metrics::Registry registry_;
  std::string file_;
  LoadEnvironment environment_ = {
      .variable = [](const std::string&) { return std::string(); },
      .read_file = [this](const std::string&) -> absl::StatusOr<std::string> { return file_; },
      .glob = [](const std::string& pattern) { return std::vector<std::string>{pattern}; }};
  std::unique_ptr<RuleManager> manager_;
};

constexpr char kRules[] =
    "{record: a, expr: time()}, {record: b, expr: time()}, {alert: A, expr: vector(1)}";

TEST_F(RuleManagerThreadsTest, EvaluatesAllGroups) {
  Reload(Groups(10, kRules));
  manager_->Start();
  AwaitEvaluations(3, 10);
  manager_->Stop();
}

TEST_F(RuleManagerThreadsTest, ReloadsWhileGroupsAreEvaluated) {
  Reload(Groups(10, kRules));
  manager_->Start();
  for (int i = 0; i < 10; ++i) {
    AwaitEvaluations(1, 5);
    Reload(Groups(5 + i % 6, StrCat(kRules, ", {record: c, expr: ", i / 2, "}")));
  }
  manager_->Stop();
}

TEST_F(RuleManagerThreadsTest, StopsInTheMiddleOfAQuery) {
  // Far more steps than a test waits for.
  Reload(Groups(4, "{record: a, expr: 'count_over_time(vector(1)[1000d:1ms])'}"));
  manager_->Start();
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (engine_.running() == 0) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    std::this_thread::yield();
  }
  manager_->Stop();
  EXPECT_EQ(engine_.running(), 0);
}

TEST(EvaluationPoolTest, RunsAllTasksOnce) {
  EvaluationPool pool(4, 2);
  std::atomic<int> done{0};
  for (int round = 0; round < 100; ++round) {
    std::vector<std::function<void()>> tasks(7, [&done] { ++done; });
    pool.RunTasks(std::move(tasks));
    EXPECT_EQ(done, 7 * (round + 1));
  }
}

TEST(EvaluationPoolTest, TasksNeedNoThread) {
  EvaluationPool pool(1, 1);
  pool.Stop();
  int done = 0;
  pool.RunTasks(std::vector<std::function<void()>>(3, [&done] { ++done; }));
  EXPECT_EQ(done, 3);
}

TEST(EvaluationPoolTest, JobsWaitForAThread) {
  EvaluationPool pool(1, 0);
  Mutex mu;
  CondVar changed;
  int done = 0;
  for (int i = 0; i < 10; ++i) {
    pool.Post([&] {
      MutexLock lock(&mu);
      ++done;
      changed.SignalAll();
    });
  }
  MutexLock lock(&mu);
  while (done < 10) changed.Wait(&mu);
}

}  // namespace
}  // namespace hearth
