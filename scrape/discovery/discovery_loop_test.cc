#include "scrape/discovery/discovery_loop.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <thread>

namespace hearth {
namespace {

using Targets = std::vector<Labels>;

// Answers from a list; waits when it is empty.
class ScriptedDiscovery : public Discovery {
 public:
  std::string_view mechanism() const override { return "scripted"; }
  TimeMs interval_ms() const override { return 1; }
  absl::StatusOr<Targets> Refresh() override {
    MutexLock lock(&mu_);
    ++refreshes_;
    changed_.SignalAll();
    while (answers_.empty() && !cancelled_) changed_.Wait(&mu_);
    if (cancelled_) return absl::CancelledError("cancelled");
    absl::StatusOr<Targets> answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }
  void Cancel() override {
    MutexLock lock(&mu_);
    cancelled_ = true;
    changed_.SignalAll();
  }
  // Gives an answer and waits until it was taken and the next is asked for.
  void Answer(absl::StatusOr<Targets> answer) {
    MutexLock lock(&mu_);
    while (refreshes_ == 0) changed_.Wait(&mu_);
    const int next = refreshes_ + 1;
    answers_.push_back(std::move(answer));
    changed_.SignalAll();
    while (refreshes_ < next) changed_.Wait(&mu_);
  }

 private:
  Mutex mu_;
  CondVar changed_;
  std::deque<absl::StatusOr<Targets>> answers_ GUARDED_BY(mu_);
  int refreshes_ GUARDED_BY(mu_) = 0;
  bool cancelled_ GUARDED_BY(mu_) = false;
};

TEST(DiscoveryLoopTest, FollowsTheTargetsAndKeepsThemThroughFailures) {
  metrics::Registry registry;
  Mutex mu;
  std::vector<std::string> warnings;
  auto owned = std::make_unique<ScriptedDiscovery>();
  ScriptedDiscovery* const discovery = owned.get();
  {
    DiscoveryLoop loop(std::move(owned), {.owner = ScrapePoolOwner("j"),
                                          .registry = &registry,
                                          .interval_min_ms = 1,
                                          .warn = [&](auto text) {
                                            MutexLock lock(&mu);
                                            warnings.push_back(text);
                                          }});
    EXPECT_FALSE(loop.Read()->answered);
    const Targets first = {Labels{{"__address__", "a:1"}}};
    discovery->Answer(first);
    EXPECT_TRUE(loop.Read()->answered);
    EXPECT_EQ(loop.Read()->targets, first);
    const uint64_t version = loop.Read()->version;
    discovery->Answer(first);
    EXPECT_EQ(loop.Read()->version, version) << "nothing has changed";
    discovery->Answer(absl::UnavailableError("no route"));
    discovery->Answer(absl::UnavailableError("no route"));
    EXPECT_EQ(loop.Read()->targets, first);
    EXPECT_EQ(loop.Read()->version, version);
    discovery->Answer(Targets());
    EXPECT_TRUE(loop.Read()->targets.empty());
    EXPECT_GT(loop.Read()->version, version);
  }
  ASSERT_EQ(warnings.size(), 1u) << "one line for each new reason";
  EXPECT_EQ(warnings[0], "scrape pool j: service discovery scripted: no route");
  std::string text;
  registry.Render(&text);
  for (const char* line :
       {"prometheus_sd_refresh_failures_total{config=\"j\",mechanism=\"scripted\"} 2\n",
        "prometheus_sd_refresh_duration_seconds_count{config=\"j\",mechanism=\"scripted\"} 5\n",
        "prometheus_sd_refresh_duration_histogram_seconds_count{mechanism=\"scripted\"} 5\n",
        "prometheus_sd_received_updates_total{name=\"scrape\"} 3\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

// Answers at once, and wants to be asked without a pause.
class EagerDiscovery : public Discovery {
 public:
  explicit EagerDiscovery(std::atomic<int>* refreshes) : refreshes_(refreshes) {}
  std::string_view mechanism() const override { return "eager"; }
  TimeMs interval_ms() const override { return 0; }
  absl::StatusOr<Targets> Refresh() override {
    ++*refreshes_;
    return Targets();
  }
  void Cancel() override {}

 private:
  std::atomic<int>* const refreshes_;
};

TEST(DiscoveryLoopTest, AnIntervalOfNothingIsTheShortestThereIs) {
  metrics::Registry registry;
  std::atomic<int> refreshes = 0;
  {
    DiscoveryLoop loop(std::make_unique<EagerDiscovery>(&refreshes),
                       {.owner = ScrapePoolOwner("j"),
                        .registry = &registry,
                        .interval_min_ms = 3'600'000,
                        .warn = [](const std::string&) {}});
    while (!loop.Read()->answered) std::this_thread::yield();
  }
  EXPECT_EQ(refreshes, 1);
}

TEST(DiscoveryLoopTest, AFirstFailureIsAnAnswerToo) {
  metrics::Registry registry;
  auto owned = std::make_unique<ScriptedDiscovery>();
  ScriptedDiscovery* const discovery = owned.get();
  DiscoveryLoop loop(std::move(owned), {.owner = ScrapePoolOwner("j"),
                                        .registry = &registry,
                                        .interval_min_ms = 1,
                                        .warn = [](const std::string&) {}});
  discovery->Answer(absl::UnavailableError("no route"));
  EXPECT_TRUE(loop.Read()->answered);
  EXPECT_EQ(loop.Read()->version, 1u);
}

}  // namespace
}  // namespace hearth
