#include "scrape/scraper.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <map>
#include <thread>

#include "model/fake_clock.h"
#include "model/text.h"
#include "tsdb/fake_storage.h"

namespace hearth {
namespace {

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

constexpr TimeMs kStart = 1'700'000'000'000;

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

class ScraperTest : public testing::Test {
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

  FakeClock clock_{kStart};
  FakeStorage storage_;
  metrics::Registry registry_;
  std::shared_ptr<FakeFetchers> fetchers_ = std::make_shared<FakeFetchers>();
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

constexpr std::string_view kNode =
    "- {job_name: node, static_configs: [{targets: ['localhost:1', 'b:2']}]}\n";
const std::string kUpLocal = R"(up{instance="localhost:1", job="node"})";
const std::string kUpB = R"(up{instance="b:2", job="node"})";

TEST_F(ScraperTest, ScrapesEveryTargetOncePerIntervalAtItsOffset) {
  fetchers_->Answer("http://localhost:1/metrics", "a 1\n");
  ASSERT_TRUE(Apply(kNode).ok());
  Run(30'000);
  for (const std::string& up : {kUpLocal, kUpB}) {
    const auto samples = Samples(up);
    ASSERT_EQ(samples.size(), 3u) << up;
    EXPECT_EQ(samples.rbegin()->first - samples.begin()->first, 20'000);
  }
  EXPECT_NE(Samples(kUpLocal).begin()->first % 10'000, Samples(kUpB).begin()->first % 10'000)
      << "spread";
  EXPECT_EQ(Samples(kUpLocal).begin()->second, 1);
  EXPECT_EQ(Samples(kUpB).begin()->second, 0);
}

TEST_F(ScraperTest, TargetsShowTheirState) {
  fetchers_->Answer("http://localhost:1/metrics", "# TYPE a gauge\na 1\n");
  ASSERT_TRUE(Apply(kNode).ok());
  EXPECT_EQ(scraper_->ActiveTargets()[0].health, TargetHealth::kUnknown);
  Run(10'000);
  const auto targets = scraper_->ActiveTargets();
  ASSERT_EQ(targets.size(), 2u);
  EXPECT_EQ(targets[0].labels.Get("instance"), "b:2");
  EXPECT_EQ(targets[0].health, TargetHealth::kDown);
  EXPECT_EQ(targets[0].last_error, "connection refused");
  EXPECT_EQ(targets[1].health, TargetHealth::kUp);
  EXPECT_EQ(targets[1].last_error, "");
  EXPECT_EQ(targets[1].scrape_url, "http://localhost:1/metrics");
  EXPECT_EQ(targets[1].global_url, "http://monitor.example:1/metrics");
  EXPECT_EQ(targets[1].scrape_interval_ms, 10'000);
  EXPECT_GE(targets[1].last_scrape_ms, kStart);
  EXPECT_EQ(scraper_->ScrapePools(), std::vector<std::string>{"node"});
  const auto metadata = scraper_->TargetsMetadata("a");
  ASSERT_EQ(metadata.size(), 1u);
  EXPECT_EQ(metadata[0].metadata.type, MetricType::kGauge);
  std::string text;
  registry_.Render(&text);
  for (const char* line : {"prometheus_target_scrape_pool_targets{scrape_job=\"node\"} 2",
                           "prometheus_sd_discovered_targets{name=\"scrape\",config=\"node\"} 2",
                           "prometheus_target_interval_length_seconds"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << " in\n" << text;
  }
}

TEST_F(ScraperTest, TheRequestAsksForTheProtocolsAndSaysTheTimeout) {
  ASSERT_TRUE(Apply("- {job_name: x, scrape_timeout: 2500ms, body_size_limit: 1KB, static_configs: "
                    "[{targets: ['h:1']}]}")
                  .ok());
  Run(10'000);
  const ScrapeRequest request = fetchers_->last_request();
  const std::map<std::string, std::string> headers(request.headers.begin(), request.headers.end());
  EXPECT_EQ(headers.at("Accept"),
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
            "application/openmetrics-text;version=0.0.1;q=0.5,"
            "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,"
            "*/*;q=0.2");
  EXPECT_EQ(headers.at("Accept-Encoding"), "gzip");
  EXPECT_EQ(headers.at("X-Prometheus-Scrape-Timeout-Seconds"), "2.5");
  EXPECT_EQ(request.timeout_ms, 2'500);
  EXPECT_EQ(request.body_bytes_max, 1024u);
}

TEST_F(ScraperTest, TheRequestIsAsCompressionAndRedirectsSay) {
  const auto asked = [&](const std::string& keys) {
    EXPECT_TRUE(Apply("- {job_name: x, " + keys + ", static_configs: [{targets: ['h:1']}]}").ok());
    Run(10'000);
    const ScrapeRequest request = fetchers_->last_request();
    const std::map<std::string, std::string> headers(request.headers.begin(),
                                                     request.headers.end());
    return std::pair(headers.at("Accept-Encoding"), request.follow_redirects);
  };
  EXPECT_EQ(asked("scrape_interval: 10s"), std::pair(std::string("gzip"), true));
  EXPECT_EQ(asked("scrape_interval: 10s, enable_compression: false, follow_redirects: false"),
            std::pair(std::string("identity"), false));
}

TEST_F(ScraperTest, UnusableAnswersSayWhy) {
  const std::tuple<const char*, const char*, int, const char*> cases[] = {
      {"a 1\n", "text/plain", 404, "server returned HTTP status 404 Not Found"},
      {"a 1\n", "text/html", 200,
       "received unsupported Content-Type \"text/html\" and no fallback_scrape_protocol specified "
       "for target"},
      {"a 1\n", "", 200,
       "non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol "
       "specified for target"},
      {"a 1\n", "application/openmetrics-text; version=1.0.0", 200,
       "line 2, column 1: data does not end with # EOF"},
      {"a 1\n", "application/vnd.google.protobuf", 200, "message 1 at byte 0: length 97 exceeds"},
      {"a 1\nb\n", "text/plain", 200, "line 2, column 2: expected value after metric"},
  };
  ASSERT_TRUE(Apply("- {job_name: x, static_configs: [{targets: ['h:1']}]}").ok());
  for (const auto& [body, type, status, error] : cases) {
    fetchers_->Answer("http://h:1/metrics", body, type, status);
    Run(10'000);
    EXPECT_NE(scraper_->ActiveTargets()[0].last_error.find(error), std::string::npos)
        << error << "\ngot: " << scraper_->ActiveTargets()[0].last_error;
  }
}

TEST_F(ScraperTest, TheFallbackProtocolReadsAnyType) {
  fetchers_->Answer("http://h:1/metrics", "a 1\n", "");
  ASSERT_TRUE(Apply("- {job_name: x, fallback_scrape_protocol: PrometheusText0.0.4, "
                    "static_configs: [{targets: ['h:1']}]}")
                  .ok());
  Run(10'000);
  EXPECT_EQ(scraper_->ActiveTargets()[0].health, TargetHealth::kUp);
}

TEST_F(ScraperTest, TheJobsProtocolsAndEscapingMakeTheAcceptHeader) {
  ASSERT_TRUE(Apply("- {job_name: x, scrape_protocols: [PrometheusProto, PrometheusText1.0.0], "
                    "metric_name_escaping_scheme: dots, static_configs: [{targets: ['h:1']}]}")
                  .ok());
  Run(10'000);
  const ScrapeRequest request = fetchers_->last_request();
  const std::map<std::string, std::string> headers(request.headers.begin(), request.headers.end());
  EXPECT_EQ(headers.at("Accept"),
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
            "encoding=delimited;q=0.6,text/plain;version=1.0.0;escaping=dots;q=0.5,*/*;q=0.4");
}

TEST_F(ScraperTest, TheContentTypeChoosesTheFormat) {
  fetchers_->Answer("http://h:1/metrics",
                    "# TYPE a counter\n# HELP a \\\"A\\\"\na_total 1 1699999999.5\n# EOF\n",
                    "application/openmetrics-text; version=1.0.0; charset=utf-8");
  ASSERT_TRUE(Apply("- {job_name: x, static_configs: [{targets: ['h:1']}]}").ok());
  Run(10'000);
  EXPECT_EQ(scraper_->ActiveTargets()[0].last_error, "");
  EXPECT_EQ(Samples(R"(a_total{instance="h:1", job="x"})"),
            (std::map<TimeMs, double>{{1'699'999'999'500, 1}}));
  const auto metadata = scraper_->TargetsMetadata("a");
  ASSERT_EQ(metadata.size(), 1u);
  EXPECT_EQ(metadata[0].metadata, (Metadata{MetricType::kCounter, "\"A\"", ""}));
}

TEST_F(ScraperTest, TimestampsAreAlignedWithinTheTolerance) {
  EXPECT_EQ(AlignedScrapeTime(1000, 1000, 10'000), 1000);
  EXPECT_EQ(AlignedScrapeTime(1000, 1002, 10'000), 1000);
  EXPECT_EQ(AlignedScrapeTime(1000, 1003, 10'000), 1003);
  EXPECT_EQ(AlignedScrapeTime(1000, 1002, 100), 1002) << "1 % of the interval";
  EXPECT_EQ(AlignedScrapeTime(1000, 999, 10'000), 999);
}

TEST_F(ScraperTest, AReloadKeepsTheTargetsThatStayAndEndsTheOthers) {
  fetchers_->Answer("http://localhost:1/metrics", "a 1\n");
  fetchers_->Answer("http://b:2/metrics", "a 1\n");
  ASSERT_TRUE(Apply(kNode).ok());
  Run(20'000);
  ASSERT_TRUE(
      Apply("- {job_name: node, sample_limit: 5, static_configs: [{targets: ['localhost:1']}]}")
          .ok());
  EXPECT_TRUE(IsStaleNaN(Samples(R"(a{instance="b:2", job="node"})").rbegin()->second));
  EXPECT_TRUE(IsStaleNaN(Samples(kUpB).rbegin()->second));
  ASSERT_EQ(scraper_->ActiveTargets().size(), 1u);
  EXPECT_EQ(scraper_->ActiveTargets()[0].health, TargetHealth::kUp) << "state is kept";
  Run(10'000);
  for (const auto& [t, v] : Samples(R"(a{instance="localhost:1", job="node"})"))
    EXPECT_EQ(v, 1) << t;
  EXPECT_EQ(Samples(kUpLocal).size(), 3u);
}

TEST_F(ScraperTest, AChangedIntervalKeepsTheSeries) {
  fetchers_->Answer("http://h:1/metrics", "a 1\n");
  ASSERT_TRUE(
      Apply("- {job_name: x, scrape_interval: 10s, static_configs: [{targets: ['h:1']}]}").ok());
  Run(10'000);
  ASSERT_TRUE(Apply("- {job_name: x, scrape_interval: 1s, scrape_timeout: 1s, static_configs: "
                    "[{targets: ['h:1']}]}")
                  .ok());
  Run(10'000);
  const auto samples = Samples(R"(a{instance="h:1", job="x"})");
  EXPECT_EQ(samples.size(), 11u);
  for (const auto& [t, v] : samples) EXPECT_EQ(v, 1) << t;
  EXPECT_EQ(scraper_->ActiveTargets()[0].scrape_interval_ms, 1'000);
}

TEST_F(ScraperTest, AReloadThatFailsChangesNothing) {
  fetchers_->Answer("http://localhost:1/metrics", "a 1\n");
  ASSERT_TRUE(Apply(kNode).ok());
  const absl::Status status = Apply(
      "- {job_name: fresh, static_configs: [{targets: ['h:1']}]}\n"
      "- {job_name: bad, tls_config: {ca_file: nowhere.pem}, static_configs: [{targets: "
      "['h:1']}]}\n");
  EXPECT_NE(std::string(status.message()).find("scrape pool bad: ca_file nowhere.pem"),
            std::string::npos)
      << status;
  EXPECT_EQ(scraper_->ScrapePools(), std::vector<std::string>{"node"});
  Run(10'000);
  EXPECT_EQ(Samples(kUpLocal).size(), 1u);
}

TEST_F(ScraperTest, APoolThatGoesEndsItsSeriesAndItsMetrics) {
  fetchers_->Answer("http://localhost:1/metrics", "a 1\n");
  ASSERT_TRUE(Apply(kNode).ok());
  Run(10'000);
  ASSERT_TRUE(Apply("- {job_name: other}\n").ok());
  EXPECT_TRUE(IsStaleNaN(Samples(kUpLocal).rbegin()->second));
  std::string text;
  registry_.Render(&text);
  EXPECT_EQ(text.find("scrape_job=\"node\""), std::string::npos) << text;
}

TEST_F(ScraperTest, ASlowScrapeMissesItsNextTurn) {
  fetchers_->Hold();
  ASSERT_TRUE(Apply("- {job_name: x, static_configs: [{targets: ['h:1']}]}").ok());
  Run(30'000);
  EXPECT_EQ(fetchers_->fetches(), 1);
  fetchers_->Release("a 1\n");
  Run(10'000);
  EXPECT_EQ(fetchers_->fetches(), 2);
}

TEST_F(ScraperTest, ATargetThatGoesDuringItsScrapeEndsAfterIt) {
  fetchers_->Hold();
  ASSERT_TRUE(Apply("- {job_name: x, static_configs: [{targets: ['h:1']}]}").ok());
  Run(10'000);
  ASSERT_TRUE(Apply("- {job_name: y}").ok());
  fetchers_->Release("a 1\n");
  const auto samples = Samples(R"(a{instance="h:1", job="x"})");
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples.begin()->second, 1);
  EXPECT_TRUE(IsStaleNaN(samples.rbegin()->second));
}

TEST_F(ScraperTest, AReplacedFetcherLivesUntilItsLastAnswer) {
  fetchers_->Hold();
  ASSERT_TRUE(Apply("- {job_name: x, static_configs: [{targets: ['h:1']}]}").ok());
  Run(10'000);
  ASSERT_TRUE(Apply("- {job_name: x, sample_limit: 5, static_configs: [{targets: ['h:1']}]}").ok());
  Run(10'000);
  EXPECT_EQ(fetchers_->live(), 2) << "a reload does not break the scrape under way";
  fetchers_->Release("a 1\n");
  EXPECT_EQ(scraper_->ActiveTargets()[0].health, TargetHealth::kUp);
  Run(10'000);
  EXPECT_EQ(fetchers_->live(), 1);
}

TEST_F(ScraperTest, TheTargetLimitFailsThePool) {
  fetchers_->Answer("http://localhost:1/metrics", "a 1\n");
  ASSERT_TRUE(Apply("- {job_name: node, target_limit: 1, static_configs: [{targets: "
                    "['localhost:1', 'b:2']}]}")
                  .ok());
  Run(10'000);
  EXPECT_EQ(fetchers_->fetches(), 0);
  EXPECT_EQ(scraper_->ActiveTargets()[0].last_error,
            "target_limit exceeded (number of targets: 2, limit: 1)");
  EXPECT_EQ(Samples(kUpLocal).begin()->second, 0);
}

TEST_F(ScraperTest, DroppedTargetsAreListedUpToTheLimit) {
  ASSERT_TRUE(
      Apply("- job_name: x\n  keep_dropped_targets: 1\n"
            "  static_configs: [{targets: ['a:1', 'b:1', 'c:1']}]\n"
            "  relabel_configs: [{source_labels: [__address__], regex: 'a:1', action: keep}]\n")
          .ok());
  EXPECT_EQ(scraper_->ActiveTargets().size(), 1u);
  EXPECT_EQ(scraper_->DroppedTargets().size(), 1u);
  EXPECT_EQ(scraper_->DroppedTargetCounts().at("x"), 2);
}

TEST_F(ScraperTest, IdenticalTargetsAreOne) {
  ASSERT_TRUE(
      Apply("- {job_name: x, static_configs: [{targets: ['a:1', 'a:1']}, {targets: ['a:1']}]}")
          .ok());
  EXPECT_EQ(scraper_->ActiveTargets().size(), 1u);
}

TEST_F(ScraperTest, TargetFilesAreFollowed) {
  files_["/t.json"] = R"([{"targets": ["a:1"], "labels": {"dc": "eu"}}])";
  fetchers_->Answer("http://a:1/metrics", "m 1\n");
  ASSERT_TRUE(Apply("- {job_name: x, file_sd_configs: [{files: ['/t.json']}]}").ok());
  Run(10'000);
  EXPECT_EQ(scraper_->ActiveTargets()[0].labels.ToString(),
            R"({dc="eu", instance="a:1", job="x"})");
  EXPECT_EQ(scraper_->ActiveTargets()[0].discovered_labels.Get("__meta_filepath"), "/t.json");
  files_["/t.json"] = R"([{"targets": ["b:1"]}])";
  Run(10'000);
  ASSERT_EQ(scraper_->ActiveTargets().size(), 1u);
  EXPECT_EQ(scraper_->ActiveTargets()[0].labels.Get("instance"), "b:1");
  EXPECT_TRUE(IsStaleNaN(Samples(R"(m{dc="eu", instance="a:1", job="x"})").rbegin()->second));
}

TEST_F(ScraperTest, ProvidersAreFollowedAndOutliveAReloadOfTheRest) {
  providers_.Answer("http://sd/", "a:1");
  ASSERT_TRUE(Apply("- {job_name: x, http_sd_configs: [{url: 'http://sd/'}]}").ok());
  ASSERT_TRUE(WaitForInstance("a:1"));
  providers_.Answer("http://sd/", "b:1");
  ASSERT_TRUE(WaitForInstance("b:1"));
  ASSERT_TRUE(
      Apply("- {job_name: x, metrics_path: /m, http_sd_configs: [{url: 'http://sd/'}]}").ok());
  ASSERT_EQ(scraper_->ActiveTargets().size(), 1u);
  EXPECT_EQ(scraper_->ActiveTargets()[0].scrape_url, "http://b:1/m") << "at once";
  EXPECT_EQ(providers_.made(), 1);
}

TEST_F(ScraperTest, TargetsStayUntilAChangedProviderHasAnswered) {
  providers_.Answer("http://sd/", "a:1");
  ASSERT_TRUE(Apply("- {job_name: x, http_sd_configs: [{url: 'http://sd/'}]}").ok());
  ASSERT_TRUE(WaitForInstance("a:1"));
  ASSERT_TRUE(Apply("- {job_name: x, http_sd_configs: [{url: 'http://other/'}]}").ok());
  Run(20'000);
  ASSERT_EQ(scraper_->ActiveTargets().size(), 1u);
  EXPECT_EQ(scraper_->ActiveTargets()[0].labels.Get("instance"), "a:1");
  providers_.Answer("http://other/", "b:1");
  EXPECT_TRUE(WaitForInstance("b:1"));
  EXPECT_GE(Metric("prometheus_sd_updates_total{name=\"scrape\"} "), 3);
  EXPECT_GT(Metric("prometheus_sd_last_update_timestamp_seconds{name=\"scrape\"} "), kStart / 1000);
  EXPECT_EQ(Metric("prometheus_sd_discovered_targets{name=\"scrape\",config=\"x\"} "), 1);
}

TEST_F(ScraperTest, AProviderThatCannotBeMadeIsAWarningUntilItCan) {
  constexpr std::string_view kFailed = "prometheus_sd_failed_configs{name=\"scrape\"} ";
  constexpr std::string_view kConfig =
      "- {job_name: x, http_sd_configs: [{url: 'http://sd/', tls_config: {ca: x}}], "
      "static_configs: [{targets: ['h:1']}]}";
  providers_.Answer("http://sd/", "h:1");
  ASSERT_TRUE(Apply(kConfig).ok());
  ASSERT_EQ(scraper_->ActiveTargets().size(), 1u) << "the rest goes on";
  ASSERT_EQ(warnings_.size(), 1u);
  EXPECT_EQ(warnings_[0], "scrape pool x: cannot create service discovery: no such CA");
  EXPECT_EQ(Metric(kFailed), 1);
  providers_.AddCa();
  ASSERT_TRUE(Apply(kConfig).ok());
  EXPECT_EQ(Metric(kFailed), 0);
  EXPECT_EQ(providers_.made(), 1);
  EXPECT_TRUE(WaitForInstance("h:1"));
}

TEST_F(ScraperTest, AClockSetBackDoesNotStopScraping) {
  ASSERT_TRUE(Apply("- {job_name: x, static_configs: [{targets: ['h:1']}]}").ok());
  Run(10'000);
  clock_.Set(kStart - 3'600'000);
  Run(20'000);
  EXPECT_EQ(fetchers_->fetches(), 3);
}

TEST_F(ScraperTest, WorksWithThreadsWhileItIsReloadedAndRead) {
  ScraperOptions options = Options();
  options.clock = &SystemClock::Get();
  options.workers = 2;
  scraper_ = std::make_unique<Scraper>(options);
  fetchers_->Answer("http://localhost:1/metrics", "a 1\n");
  constexpr std::string_view kFast =
      "- {job_name: node, scrape_interval: 20ms, scrape_timeout: 20ms, static_configs: [{targets: "
      "['localhost:1', 'b:2']}]}\n";
  ASSERT_TRUE(Apply(kFast).ok());
  scraper_->Start();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  int reloads = 0;
  while (Samples(kUpLocal).size() < 20 && std::chrono::steady_clock::now() < deadline) {
    ASSERT_TRUE(Apply(++reloads % 2 == 0
                          ? kFast
                          : "- {job_name: node, scrape_interval: 20ms, scrape_timeout: 10ms, "
                            "static_configs: [{targets: ['localhost:1', 'c:3']}]}\n")
                    .ok());
    scraper_->ActiveTargets();
    scraper_->TargetsMetadata("");
    std::this_thread::yield();
  }
  EXPECT_GE(Samples(kUpLocal).size(), 20u);
  scraper_->Stop();
  for (const auto& [t, v] : Samples(R"(a{instance="localhost:1", job="node"})"))
    EXPECT_EQ(v, 1) << t;
}

TEST_F(ScraperTest, FailedFetchesGoToTheFailureLog) {
  const std::string jobs =
      "- {job_name: x, scrape_failure_log_file: /x.log, static_configs: [{targets: ['h:1']}]}\n"
      "- {job_name: y, scrape_failure_log_file: /x.log, static_configs: [{targets: ['h:2']}]}\n"
      "- {job_name: z, static_configs: [{targets: ['h:3']}]}\n";
  fetchers_->Answer("http://h:2/metrics", "what is this\n");  // Read, and then not understood.
  ASSERT_TRUE(Apply(jobs).ok());
  EXPECT_EQ(failure_logs_opened_, 1);
  Run(10'000);
  EXPECT_EQ(failures_,
            std::vector<std::string>{"/x.log: x http://h:1/metrics: connection refused"});
  ASSERT_TRUE(Apply(jobs).ok());
  EXPECT_EQ(failure_logs_opened_, 2) << "a reload begins the file anew";
  fetchers_->Answer("http://h:2/metrics", "a 1\n", "text/plain", 404);
  Run(10'000);
  ASSERT_EQ(failures_.size(), 3u);
  EXPECT_EQ(std::count(failures_.begin(), failures_.end(),
                       "/x.log: y http://h:2/metrics: server returned HTTP status 404 Not Found"),
            1);
}

TEST_F(ScraperTest, AFailureLogThatCannotBeOpenedFailsTheReload) {
  ASSERT_TRUE(Apply(kNode).ok());
  EXPECT_FALSE(Apply("- {job_name: x, scrape_failure_log_file: /missing/f.log}").ok());
  EXPECT_EQ(scraper_->ScrapePools(), std::vector<std::string>{"node"});
}

}  // namespace
}  // namespace hearth
