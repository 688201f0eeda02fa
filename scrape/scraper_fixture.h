// scrape/scraper_fixture.h
//
// What the tests of the scraper share: fetchers, providers and a failure log that they script, and
// a fixture with a scraper among them.
//
// Thread safety: fakes may be called from any thread; the fixture belongs to its test.
#ifndef HEARTH_SCRAPE_SCRAPER_FIXTURE_H_
#define HEARTH_SCRAPE_SCRAPER_FIXTURE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "model/fake_clock.h"
#include "model/mutex.h"
#include "model/text.h"
#include "scrape/scraper.h"
#include "tsdb/fake_storage.h"

namespace hearth {

// Answers each URL from a table, at once, on the calling thread.
class FakeFetchers : public FetcherFactory,
                     public Fetcher,
                     public std::enable_shared_from_this<FakeFetchers> {
 public:
  absl::StatusOr<std::shared_ptr<Fetcher>> Create(const HttpClientConfig& config) override {
    if (config.tls_config) return absl::InvalidArgumentError("ca_file nowhere.pem: no such file");
    return std::shared_ptr<Fetcher>(new Handle(shared_from_this()));
  }

  void Fetch(ScrapeRequest request, Done done) override {
    absl::StatusOr<ScrapeResponse> response = absl::UnavailableError("connection refused");
    {
      MutexLock lock(&mu_);
      last_request_ = request;
      ++fetches_;
      if (held_) {
        waiting_.push_back(std::move(done));
        return;
      }
      if (const auto it = answers_.find(request.url); it != answers_.end()) response = it->second;
    }
    done(std::move(response));
  }

  void Answer(const std::string& url, const std::string& body,
              const std::string& type = "text/plain; version=0.0.4", int status = 200) {
    MutexLock lock(&mu_);
    answers_[url] = {.status = status,
                     .reason = status == 404 ? "Not Found" : "OK",
                     .content_type = type,
                     .body = body};
  }
  void Hold() {
    MutexLock lock(&mu_);
    held_ = true;
  }
  void Release(const std::string& body) {
    std::vector<Done> waiting;
    {
      MutexLock lock(&mu_);
      held_ = false;
      waiting.swap(waiting_);
    }
    for (Done& done : waiting)
      done(ScrapeResponse{.status = 200, .content_type = "text/plain", .body = body});
  }
  // Fetchers that Create has made and that still live.
  int live() const { return live_; }
  ScrapeRequest last_request() const {
    MutexLock lock(&mu_);
    return last_request_;
  }
  int fetches() const {
    MutexLock lock(&mu_);
    return fetches_;
  }

 private:
  struct Handle : public Fetcher {
    explicit Handle(std::shared_ptr<FakeFetchers> all) : all(std::move(all)) { ++this->all->live_; }
    ~Handle() override { --all->live_; }
    void Fetch(ScrapeRequest request, Done done) override {
      all->Fetch(std::move(request), std::move(done));
    }
    const std::shared_ptr<FakeFetchers> all;
  };

  std::atomic<int> live_{0};
  mutable Mutex mu_;
  std::map<std::string, ScrapeResponse> answers_ GUARDED_BY(mu_);
  std::vector<Done> waiting_ GUARDED_BY(mu_);
  ScrapeRequest last_request_ GUARDED_BY(mu_);
  bool held_ GUARDED_BY(mu_) = false;
  int fetches_ GUARDED_BY(mu_) = 0;
};

// Providers of http_sd_configs whose answers the test gives, by URL. Their loops ask once.
class FakeProviders : public DiscoveryFactory {
 public:
  Made Create(const DiscoveryConfigs& configs) override {
    Made made;
    for (const HttpSdConfig& config : configs.http_sd_configs) {
      if (config.http.tls_config && !has_ca_) {
        made.failed.push_back(absl::InvalidArgumentError("no such CA"));
        continue;
      }
      made.running.push_back(std::make_unique<Provider>(this, config.url));
      ++made_;
    }
    return made;
  }
  void AddCa() { has_ca_ = true; }
  void Answer(const std::string& url, const std::string& address) {
    MutexLock lock(&mu_);
    answers_[url] = address;
    changed_.SignalAll();
  }
  int made() const { return made_; }

 private:
  struct Provider : public Discovery {
    Provider(FakeProviders* all, std::string url) : all(all), url(std::move(url)) {}
    std::string_view mechanism() const override { return "http"; }
    TimeMs interval_ms() const override { return 1; }
    // Waits until the answer differs from the last.
    absl::StatusOr<std::vector<Labels>> Refresh() override {
      MutexLock lock(&all->mu_);
      while (!cancelled && all->answers_[url] == last) all->changed_.Wait(&all->mu_);
      if (cancelled) return absl::CancelledError("cancelled");
      last = all->answers_[url];
      return std::vector<Labels>{Labels{{"__address__", last}}};
    }
    void Cancel() override {
      MutexLock lock(&all->mu_);
      cancelled = true;
      all->changed_.SignalAll();
    }
    FakeProviders* const all;
    const std::string url;
    std::string last;
    bool cancelled = false;
  };

  Mutex mu_;
  CondVar changed_;
  std::map<std::string, std::string> answers_ GUARDED_BY(mu_);
  int made_ = 0;
  bool has_ca_ = false;
};

inline constexpr TimeMs kStart = 1'700'000'000'000;

class FakeFailureLog : public FailureLog {
 public:
  FakeFailureLog(std::string path, std::vector<std::string>* lines)
      : path_(std::move(path)), lines_(lines) {}
  void Write(const ScrapeFailure& failure) override {
    lines_->push_back(StrCat(path_, ": ", failure.job, " ", failure.url, ": ", failure.error));
  }

 private:
  const std::string path_;
  std::vector<std::string>* const lines_;
};

// A scraper whose clock, targets, files and providers the test decides; it works in the calling
// thread.
class ScraperFixture : public testing::Test {
 protected:
  ScraperOptions Options() {
    ScraperOptions options;
    options.clock = &clock_;
    options.storage = &storage_;
    options.fetchers = fetchers_.get();
    options.registry = &registry_;
    options.environment = &environment_;
    options.watch_files = false;
    options.providers = &providers_;
    options.workers = 0;
    options.open_failure_log =
        [this](const std::string& path) -> absl::StatusOr<std::shared_ptr<FailureLog>> {
      if (path == "/missing/f.log") return absl::FailedPreconditionError("open /missing/f.log");
      ++failure_logs_opened_;
      return std::make_shared<FakeFailureLog>(path, &failures_);
    };
    options.external_host = "monitor.example:9090";
    options.warn = [this](const std::string& text) { warnings_.push_back(text); };
    return options;
  }

  absl::Status Apply(std::string_view scrape_configs) {
    const auto config =
        Load(StrCat("global: {scrape_interval: 10s}\nscrape_configs:\n", scrape_configs), "p.yml",
             environment_);
    if (!config.ok()) return config.status();
    return scraper_->Apply(*config);
  }

  // Moves the clock from due time to due time until `ms` have passed.
  void Run(TimeMs ms) {
    const TimeMs end = clock_.NowMs() + ms;
    for (TimeMs next = scraper_->Tick(); next <= end; next = scraper_->Tick()) {
      clock_.Set(std::max(next, clock_.NowMs()));
    }
    clock_.Set(end);
  }

  std::map<TimeMs, double> Samples(const std::string& series) {
    std::map<TimeMs, double> result;
    for (const auto& [fingerprint, s] : storage_.Snapshot()) {
      if (s.labels.ToString() != series) continue;
      for (const auto& [t, value] : s.samples) result[t] = std::get<double>(value);
    }
    return result;
  }

  // Ticks until the only target is the one at `instance`.
  bool WaitForInstance(std::string_view instance) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < deadline) {
      Run(5'000);
      const auto targets = scraper_->ActiveTargets();
      if (targets.size() == 1 && targets[0].labels.Get("instance") == instance) return true;
      std::this_thread::yield();
    }
    return false;
  }

  // What follows `line_start` on its line of /metrics; NaN when there is none.
  double Metric(std::string_view line_start) {
    std::string text;
    registry_.Render(&text);
    const size_t at = text.find(StrCat("\n", line_start));
    return at == std::string::npos ? std::nan("")
                                   : std::atof(text.c_str() + at + 1 + line_start.size());
  }

  FakeClock clock_{kStart};
  FakeStorage storage_;
  metrics::Registry registry_;
  std::shared_ptr<FakeFetchers> fetchers_ = std::make_shared<FakeFetchers>();
  FakeProviders providers_;
  std::map<std::string, std::string> files_;
  std::vector<std::string> failures_;  // `path: job url: error`.
  int failure_logs_opened_ = 0;
  LoadEnvironment environment_{
      .variable = [](const std::string&) { return std::string(); },
      .read_file = [this](const std::string& path) -> absl::StatusOr<std::string> {
        return files_.at(path);
      },
      .glob =
          [this](const std::string& path) {
            return files_.count(path) > 0 ? std::vector<std::string>{path}
                                          : std::vector<std::string>{};
          }};
  std::vector<std::string> warnings_;
  std::unique_ptr<Scraper> scraper_ = std::make_unique<Scraper>(Options());
};

inline constexpr std::string_view kNode =
    "- {job_name: node, static_configs: [{targets: ['localhost:1', 'b:2']}]}\n";
inline const std::string kUpLocal = R"(up{instance="localhost:1", job="node"})";
inline const std::string kUpB = R"(up{instance="b:2", job="node"})";

}  // namespace hearth

#endif  // HEARTH_SCRAPE_SCRAPER_FIXTURE_H_
