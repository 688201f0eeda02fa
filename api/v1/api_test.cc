#include "api/v1/api.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "http/url.h"
#include "model/fake_clock.h"
#include "model/histogram.h"
#include "model/text.h"
#include "query/engine.h"
#include "tsdb/fake_storage.h"

namespace hearth {
namespace {

using promql::QueryRequest;
using promql::QueryResult;
using promql::ValueType;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr TimeMs kNow = 1'700'000'000'000;

class FakeScrapeStatus : public ScrapeStatus {
 public:
  std::vector<TargetStatus> active;
  std::vector<TargetMetadata> metadata;
  std::map<std::string, std::shared_ptr<const ScrapeConfig>, std::less<>> configs;

  std::vector<TargetStatus> ActiveTargets() const override { return active; }
  std::vector<DroppedTarget> DroppedTargets() const override {
    return {{Labels{{"__address__", "x:1"}}, "node"}};
  }
  std::map<std::string, int64_t> DroppedTargetCounts() const override { return {{"node", 1}}; }
  std::vector<std::string> ScrapePools() const override { return {"node", "self"}; }
  std::shared_ptr<const ScrapeConfig> PoolConfig(std::string_view pool) const override {
    const auto it = configs.find(pool);
    return it == configs.end() ? nullptr : it->second;
  }
  std::vector<TargetMetadata> TargetsMetadata(std::string_view metric) const override {
    std::vector<TargetMetadata> matching;
    for (const TargetMetadata& entry : metadata) {
      if (metric.empty() || entry.metric == metric) matching.push_back(entry);
    }
    return matching;
  }
};

class FakeAdmin : public StorageAdmin {
 public:
  std::vector<std::string> calls;
  absl::Status status;

  absl::Status DeleteSeries(std::span<const std::vector<Matcher>> sets, TimeRange range) override {
    std::string call = StrCat("delete [", range.mint, ", ", range.maxt, "]");
    for (const std::vector<Matcher>& matchers : sets) {
      StrAppend(&call, " {");
      for (const Matcher& matcher : matchers) StrAppend(&call, matcher.ToString(), ";");
      StrAppend(&call, "}");
    }
    return Note(std::move(call));
  }
  absl::Status CleanTombstones() override { return Note("clean"); }
  absl::StatusOr<std::string> Snapshot(bool skip_head) override {
    const absl::Status noted = Note(skip_head ? "snapshot without head" : "snapshot");
    if (!noted.ok()) return noted;
    return "20260101T000000Z-0123456789abcdef";
  }
  absl::Status Compact() override { return Note("compact"); }

 private:
  absl::Status Note(std::string call) {
    calls.push_back(std::move(call));
    return status;
  }
};

class NoRules : public RulesStatus {
 public:
  std::vector<RuleGroupStatus> RuleGroups() const override { return {}; }
  std::vector<AlertStatus> Alerts() const override { return {}; }
};

// Answers with what it was asked, and one series.
class FakeExemplars : public ExemplarQueryable {
 public:
  absl::StatusOr<std::vector<SeriesExemplars>> SelectExemplars(
      std::span<const std::vector<Matcher>> matcher_sets, TimeRange range) const override {
    asked.clear();
    for (const std::vector<Matcher>& matchers : matcher_sets) {
      for (const Matcher& matcher : matchers) StrAppend(&asked, matcher.ToString(), " ");
      StrAppend(&asked, "| ");
    }
    StrAppend(&asked, range.mint, " ", range.maxt);
    return answer;
  }
  std::vector<SeriesExemplars> answer;
  mutable std::string asked;
};

class FakeAlertmanagers : public AlertmanagerStatus {
 public:
  std::vector<std::string> ActiveAlertmanagers() const override {
    return {"http://a:9093/api/v2/alerts", "http://b:9093/api/v2/alerts"};
  }
  std::vector<std::string> DroppedAlertmanagers() const override {
    return {"http://c:9093/api/v2/alerts"};
  }
};

class ApiTest : public testing::Test {
 protected:
  ApiTest() {
    deps_.storage = &storage_;
    deps_.exemplars = &exemplars_;
    deps_.clock = &clock_;
    deps_.registry = &registry_;
    deps_.scrape = &scrape_;
    deps_.rules = &rules_;
    deps_.execute = [this](const QueryRequest& request) {
      asked_ = request;
      return result_;
    };
    deps_.readiness = [this] { return readiness_; };
    deps_.build = {"3.0.0", "abc", "main", "me", "today", "g++"};
    deps_.flags = {{"web.listen-address", "0.0.0.0:9090"}};
    deps_.config_yaml = [] { return "global: {}\n"; };
    deps_.runtime_info = [] {
      return RuntimeInfo{.start_time_ms = 1000, .cpus = 2, .storage_retention = "30d"};
    };
    deps_.tsdb_status = [](size_t) -> absl::StatusOr<TsdbStatus> {
      TsdbStatus status;
      status.series = 5;
      status.series_by_metric_name = {{"up", 3}, {"x", 2}};
      status.memory_limit_bytes = 1000;
      status.memory_resident_bytes = 900;
      status.memory_pressure = "refuse";
      status.memory_by_part = {{"series", 7}, {"labels", 8}};
      status.disk_by_part = {{"wal", 9}};
      status.memory_by_metric_name = {{"up", 10}, {"x", 4}};
      status.disk_by_metric_name = {{"x", 11}};
      return status;
    };
    deps_.wal_replay = [] { return WalReplayStatus{0, 9, 3, "in progress"}; };
    deps_.alertmanagers = &alertmanagers_;
    deps_.reload = [this] { return reload_; };
    deps_.quit = [this] { quit_ = true; };
  }

  http::Response Send(std::string method, std::string target, std::string body = "",
                      http::Headers headers = {}, bool takes_pieces = false) {
    if (api_ == nullptr) api_ = *Api::Create(deps_);
    http::Request request;
    request.method = std::move(method);
    request.target = target;
    const size_t question = std::min(target.find('?'), target.size());
    request.path = target.substr(0, question);
    request.query = *http::ParseQuery(target.substr(std::min(question + 1, target.size())));
    request.headers = std::move(headers);
    request.takes_pieces = takes_pieces;
    request.cancelled = std::make_shared<std::atomic<bool>>(false);
    const http::Dispatch dispatch = api_->Route(request);
    lane_ = dispatch.lane;
    EXPECT_LE(body.size(), dispatch.body_bytes_max);
    request.body = std::move(body);
    return dispatch.handle(request);
  }
  http::Response Get(std::string target) { return Send("GET", std::move(target)); }

  FakeStorage storage_;
  FakeExemplars exemplars_;
  FakeAlertmanagers alertmanagers_;
  FakeClock clock_{kNow};
  metrics::Registry registry_;
  FakeScrapeStatus scrape_;
  NoRules rules_;
  ApiDependencies deps_;
  Readiness readiness_ = Readiness::kReady;
  http::Lane lane_ = http::Lane::kInline;  // Of the last request.
  QueryRequest asked_;
  absl::StatusOr<QueryResult> result_ = QueryResult{};
  absl::Status reload_;
  bool quit_ = false;
  std::unique_ptr<Api> api_;
};

TEST_F(ApiTest, InstantQueryAnswersAVector) {
  result_->type = ValueType::kInstantVector;
  result_->series = {{Labels{{"__name__", "up"}}, {{1500, 1}}, {}, {}},
                     {Labels{}, {}, {1500}, {std::make_shared<Histogram>()}}};
  result_->warnings = {"PromQL warning: w"};
  const http::Response response =
      Get("/api/v1/query?query=up&time=1.5&timeout=5s&lookback_delta=60");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"status":"success","data":{"resultType":"vector","result":[)"
                           R"({"metric":{"__name__":"up"},"value":[1.500,"1"]},)"
                           R"({"metric":{},"histogram":[1.500,{"count":"0","sum":"0"}]}]},)"
                           R"("warnings":["PromQL warning: w"]})");
  EXPECT_EQ(asked_.query, "up");
  EXPECT_EQ(asked_.start_ms, 1500);
  EXPECT_EQ(asked_.end_ms, 1500);
  EXPECT_EQ(asked_.step_ms, 0);
  EXPECT_EQ(asked_.timeout_ms, 5000);
  EXPECT_EQ(asked_.lookback_delta_ms, 60'000);
}

TEST_F(ApiTest, InstantQueryDefaultsToNow) {
  result_->type = ValueType::kScalar;
  result_->scalar = 2.5;
  EXPECT_THAT(Get("/api/v1/query?query=2.5").body,
              HasSubstr(R"({"resultType":"scalar","result":[1700000000,"2.5"]})"));
  EXPECT_EQ(asked_.start_ms, kNow);
  result_->scalar = 1e-7;
  EXPECT_THAT(Get("/api/v1/query?query=1e-7").body, HasSubstr("\"0.0000001\""));
  result_->type = ValueType::kString;
  result_->string = "<s>";
  EXPECT_THAT(Get("/api/v1/query?query='s'").body,
              HasSubstr(R"({"resultType":"string","result":[1700000000,"\u003cs\u003e"]})"));
}

TEST_F(ApiTest, RangeQueryAnswersAMatrixFromAForm) {
  result_->type = ValueType::kRangeVector;
  result_->series = {{Labels{{"a", "b"}}, {{1000, 1}, {2000, 2}}, {}, {}}};
  const http::Response response =
      Send("POST", "/api/v1/query_range", "query=up&start=1&end=3&step=1s",
           {{"Content-Type", "application/x-www-form-urlencoded"}});
  EXPECT_EQ(response.body, R"({"status":"success","data":{"resultType":"matrix","result":[)"
                           R"({"metric":{"a":"b"},"values":[[1,"1"],[2,"2"]]}]}})");
  EXPECT_EQ(asked_.start_ms, 1000);
  EXPECT_EQ(asked_.end_ms, 3000);
  EXPECT_EQ(asked_.step_ms, 1000);
  EXPECT_FALSE(asked_.no_cache);
  EXPECT_EQ(Get("/api/v1/query_range?query=up&start=1&end=3&step=1s&nocache=1").status, 200);
  EXPECT_TRUE(asked_.no_cache);
}

TEST_F(ApiTest, HistogramsStandBesideTheFloatsOfASeries) {
  Histogram histogram;
  histogram.count = 3;
  histogram.sum = -0.5;
  histogram.positive_spans = {{0, 2}};
  histogram.positive_buckets = {1, 2};
  storage_.Put(Labels{{"__name__", "h"}}, 0, 1.0);
  storage_.Put(Labels{{"__name__", "h"}}, 1000, histogram);
  const promql::Engine engine(&storage_, &clock_, {});
  deps_.execute = [&](const QueryRequest& request) { return engine.Execute(request); };
  const std::string point =
      R"([1,{"count":"3","sum":"-0.5","buckets":[[0,"0.5","1","1"],[0,"1","2","2"]]}])";
  EXPECT_EQ(Get("/api/v1/query?query=h&time=1").body,
            R"({"status":"success","data":{"resultType":"vector","result":[)"
            R"({"metric":{"__name__":"h"},"histogram":)" +
                point + "}]}}");
  EXPECT_EQ(Get("/api/v1/query_range?query=h&start=0&end=1&step=1s").body,
            R"({"status":"success","data":{"resultType":"matrix","result":[)"
            R"({"metric":{"__name__":"h"},"values":[[0,"1"]],"histograms":[)" +
                point + "]}]}}");
  EXPECT_THAT(Get("/api/v1/query?query=h[1m]&time=1").body,
              HasSubstr(R"("values":[[0,"1"]],"histograms":[)" + point + "]"));
}

TEST_F(ApiTest, RangeQueryChecksItsParameters) {
  const auto error = [&](const std::string& parameters) {
    const http::Response response = Get("/api/v1/query_range?query=up&" + parameters);
    EXPECT_EQ(response.status, 400);
    return response.body;
  };
  EXPECT_THAT(error("end=1&step=1"),
              HasSubstr(R"(invalid parameter \"start\": cannot parse \"\")"));
  EXPECT_THAT(
      error("start=2&end=1&step=1"),
      HasSubstr(R"(invalid parameter \"end\": end timestamp must not be before start time)"));
  EXPECT_THAT(error("start=1&end=2&step=0"),
              HasSubstr("zero or negative query resolution step widths are not accepted. Try a "
                        "positive integer"));
  EXPECT_THAT(
      error("start=0&end=11001&step=1"),
      HasSubstr(R"x("error":"exceeded maximum resolution of 11,000 points per timeseries. )x"
                R"x(Try decreasing the query resolution (?step=XX)"})x"));
  EXPECT_EQ(Get("/api/v1/query_range?query=up&start=0&end=11000&step=1").status, 200);
  EXPECT_THAT(error("start=-8e15&end=8e15&step=0.001"), HasSubstr("11,000"));
}

TEST_F(ApiTest, QueryErrorsHaveTheirTypes) {
  result_ = absl::InvalidArgumentError("1:5: parse error: unclosed left parenthesis");
  http::Response response = Get("/api/v1/query?query=sum(");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body,
            R"({"status":"error","errorType":"bad_data","error":"invalid parameter \"query\": )"
            R"(1:5: parse error: unclosed left parenthesis"})");
  result_ = absl::FailedPreconditionError("many-to-many");
  EXPECT_EQ(Get("/api/v1/query?query=up").status, 422);
  result_ = absl::DeadlineExceededError("query timed out in expression evaluation");
  EXPECT_EQ(Get("/api/v1/query?query=up").status, 503);
}

TEST_F(ApiTest, LimitCutsSeriesAndWarns) {
  result_->type = ValueType::kInstantVector;
  result_->series.resize(3, {Labels{}, {{0, 1}}, {}, {}});
  const std::string body = Get("/api/v1/query?query=up&limit=2").body;
  EXPECT_THAT(body, HasSubstr(R"("warnings":["results truncated due to limit"])"));
  EXPECT_EQ(result_->series.size(), 3u);
  EXPECT_THAT(Get("/api/v1/query?query=up&limit=3").body, Not(HasSubstr("warnings")));
}

TEST_F(ApiTest, ExplainedQueriesSayWhatTheirOperatorsDid) {
  result_->type = ValueType::kInstantVector;
  EXPECT_THAT(Get("/api/v1/query?query=up").body, Not(HasSubstr("explain")));
  promql::OperatorExplanation selector{.name = "selector",
                                       .expression = "up{a=\"b\"}",
                                       .steps = 1,
                                       .series = 3,
                                       .columns = 3,
                                       .rows = 2,
                                       .self_s = 0.25,
                                       .total_s = 0.25};
  selector.reads = {.samples = 9, .bundles = 4, .bundle_bytes = 400, .cached_blocks = 2};
  result_->stats.explanation = {.steps = 1};
  result_->stats.explanation->root = {.name = "query", .series = 2, .self_s = 0.5, .total_s = 0.75};
  result_->stats.explanation->root->children = {selector};
  EXPECT_THAT(
      Get("/api/v1/query?query=up&explain=true").body,
      HasSubstr(R"("explain":{"steps":1,"stepsFromCache":0,"plan":{"operator":"query","series":2,)"
                R"("columns":0,"rows":0,"selfSeconds":0.5,"totalSeconds":0.75,)"
                R"("children":[{"operator":"selector",)"
                R"("expression":"up{a=\"b\"}","steps":1,"series":3,"columns":3,"rows":2,)"
                R"("storage":{"samples":9,"bundles":4,"bundleBytes":400,"cachedBlocks":2,)"
                R"("readBlocks":0},"selfSeconds":0.25,"totalSeconds":0.25}]}})"));
}

TEST_F(ApiTest, StatsAreGivenOnRequest) {
  result_->type = ValueType::kInstantVector;
  result_->stats = {.samples_read = 42, .peak_samples = 7};
  EXPECT_THAT(Get("/api/v1/query?query=up").body, Not(HasSubstr("stats")));
  EXPECT_THAT(Get("/api/v1/query?query=up&stats=all").body,
              HasSubstr(R"("samples":{"totalQueryableSamples":42,"peakSamples":7})"));
  EXPECT_THAT(Get("/api/v1/query?query=up&stats=yes").body, HasSubstr("deprecated"));
  result_->stats.reads_by_step = {3, 4};
  EXPECT_THAT(
      Get("/api/v1/query_range?query=up&start=10&end=11.5&step=1.5&stats=all").body,
      HasSubstr(
          R"("samples":{"totalQueryableSamplesPerStep":[[10,3],[11.5,4]],"totalQueryableSamples")"));
}

TEST_F(ApiTest, TheRoomForHistogramsIsEnough) {
  auto histogram = std::make_shared<Histogram>();
  histogram->positive_spans = {{-500, 1000}};
  histogram->positive_buckets.assign(1000, -1.2345678901234567e-300);
  histogram->schema = 8;
  result_->type = ValueType::kRangeVector;
  result_->series = {{Labels{}, {}, {1}, {histogram}}};
  const auto memory = std::make_shared<promql::QueryMemory>(0, nullptr);
  result_->memory = memory;
  const http::Response response = Get("/api/v1/query_range?query=h&start=0&end=1&step=1s");
  EXPECT_GT(response.body.size(), 50'000u);
  EXPECT_GE(memory->account.held(), static_cast<int64_t>(response.body.size()));
}

TEST_F(ApiTest, AnAnswerThatWouldNotFitIsRefused) {
  result_->type = ValueType::kRangeVector;
  result_->series.resize(1);
  result_->series[0].floats.resize(1000);
  result_->memory = std::make_shared<promql::QueryMemory>(
      10'000, std::make_shared<ByteAccount>("--query.max-total-bytes", 0));
  const http::Response response = Get("/api/v1/query_range?query=up&start=10&end=20&step=1");
  EXPECT_EQ(response.status, 422);
  EXPECT_THAT(response.body, HasSubstr("--query.max-bytes=10000"));
}

TEST_F(ApiTest, KnownLabelAnswersNeedNoWorker) {
  using http::Lane;
  storage_.Put(Labels{{"__name__", "up"}, {"job", "a"}}, 1000, 1.0);
  const std::string call = "/api/v1/label/job/values?match[]=up";
  const std::string answer = R"({"status":"success","data":["a"]})";
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Get(call).body, answer);
    EXPECT_EQ(lane_, Lane::kQuery) << "the storage does not say what it is answered from";
  }
  storage_.SetLabelStamp(Fingerprint{1, 2});
  EXPECT_EQ(Get(call).body, answer);
  EXPECT_EQ(lane_, Lane::kQuery);
  const http::Response again = Get(call);
  EXPECT_EQ(lane_, Lane::kInline);
  EXPECT_EQ(again.body, answer);
  EXPECT_EQ(again.headers.Get("Content-Type"), "application/json");
  EXPECT_EQ(again.headers.Get("Vary"), "Origin");
  EXPECT_EQ(Send("POST", "/api/v1/labels").status, 200);
  EXPECT_EQ(lane_, Lane::kQuery) << "a form is still to come";

  storage_.Put(Labels{{"__name__", "up"}, {"job", "b"}}, 1000, 1.0);
  EXPECT_EQ(Get(call).body, answer) << "the stamp says that nothing changed";
  storage_.SetLabelStamp(Fingerprint{1, 3});
  EXPECT_EQ(Get(call).body, R"({"status":"success","data":["a","b"]})");
  EXPECT_EQ(lane_, Lane::kQuery);
  EXPECT_EQ(Get(call).body, R"({"status":"success","data":["a","b"]})");
  EXPECT_EQ(lane_, Lane::kInline);
  readiness_ = Readiness::kStopping;
  EXPECT_EQ(Get(call).status, 503);
  readiness_ = Readiness::kReady;
  EXPECT_THAT(Get("/metrics").body,
              HasSubstr(R"(prometheus_http_requests_total{handler="/api/v1/label/:name/)"
                        R"(values",code="200"} 7)"));
}

TEST_F(ApiTest, KnownLabelAnswersAreToldApart) {
  storage_.SetLabelStamp(Fingerprint{1, 2});
  storage_.Put(Labels{{"__name__", "up"}, {"job", "a"}, {"x", "1"}}, 1000, 1.0);
  storage_.Put(Labels{{"__name__", "down"}, {"job", "b"}}, 1000, 1.0);
  const std::string calls[] = {"/api/v1/labels",
                               "/api/v1/labels?match[]=up",
                               "/api/v1/labels?match[]=down",
                               "/api/v1/labels?match[]=down&match[]=up",
                               "/api/v1/labels?limit=1",
                               "/api/v1/labels?limit=2",
                               "/api/v1/label/job/values",
                               "/api/v1/label/x/values",
                               "/api/v1/series?match[]=up",
                               "/api/v1/labels?match[]={",
                               "/api/v1/labels?start=2&end=1",
                               "/api/v1/series"};
  std::vector<std::string> first;
  for (const std::string& call : calls) first.push_back(Get(call).body);
  for (size_t i = 0; i < std::size(calls); ++i) EXPECT_EQ(Get(calls[i]).body, first[i]) << calls[i];
  EXPECT_EQ(lane_, http::Lane::kQuery) << "errors are not kept";
}

TEST_F(ApiTest, LargeMatricesAreWrittenInPieces) {
  QueryResult large;
  large.type = ValueType::kRangeVector;
  large.warnings = {"PromQL warning: so"};
  for (int i = 0; i < 50; ++i) {
    promql::ResultSeries& series = large.series.emplace_back();
    series.labels = Labels{{"i", StrCat(i)}};
    for (int step = 0; step < 2000; ++step) series.floats.push_back({step * 1000, i / 3.0 + step});
  }
  const std::string target = "/api/v1/query_range?query=x&start=0&end=2&step=1&stats=true";
  result_ = large;
  const http::Response whole = Get(target);
  EXPECT_EQ(whole.rest, nullptr);
  result_ = large;
  http::Response response = Send("GET", target, "", {}, /*takes_pieces=*/true);
  ASSERT_NE(response.rest, nullptr);
  EXPECT_EQ(response.headers.Get("Content-Type"), "application/json");
  std::string body = response.body, piece;
  size_t pieces = 0, largest = body.size();
  for (bool more = true; more; ++pieces) {
    more = response.rest->Next(&piece);
    largest = std::max(largest, piece.size());
    body += piece;
  }
  EXPECT_TRUE(body == whole.body);
  EXPECT_GT(pieces, 3u);
  EXPECT_LT(largest, whole.body.size() / 4);
  response.rest.reset();
  EXPECT_THAT(Get("/metrics").body,
              HasSubstr(StrCat("prometheus_http_response_size_bytes_sum{handler="
                               "\"/api/v1/query_range\"} ",
                               2 * body.size(), "\n")));
}

TEST_F(ApiTest, SeriesAndLabelsComeFromTheStorage) {
  storage_.Put(Labels{{"__name__", "up"}, {"job", "a"}}, 1000, 1.0);
  storage_.Put(Labels{{"__name__", "up"}, {"job", "b"}}, 1000, 1.0);
  storage_.Put(Labels{{"__name__", "x"}, {"a.b", "v"}}, 1000, 1.0);
  EXPECT_EQ(
      Get("/api/v1/series?match[]=up").body,
      R"({"status":"success","data":[{"__name__":"up","job":"a"},{"__name__":"up","job":"b"}]})");
  EXPECT_EQ(Get("/api/v1/series?match[]=up&limit=1").body,
            R"({"status":"success","data":[{"__name__":"up","job":"a"}],)"
            R"("warnings":["results truncated due to limit"]})");
  EXPECT_THAT(Get("/api/v1/series").body, HasSubstr("no match[] parameter provided"));
  EXPECT_EQ(Get("/api/v1/labels").body, R"({"status":"success","data":["__name__","a.b","job"]})");
  EXPECT_EQ(Get("/api/v1/labels?match[]=up").body,
            R"({"status":"success","data":["__name__","job"]})");
  EXPECT_EQ(Get("/api/v1/label/job/values").body, R"({"status":"success","data":["a","b"]})");
  EXPECT_EQ(Get("/api/v1/label/U__a_2e_b/values").body, R"({"status":"success","data":["v"]})");
  EXPECT_EQ(Get("/api/v1/label/job/values?start=2&end=1").status, 400);
  EXPECT_EQ(Get("/api/v1/label//values").status, 404);
}

TEST_F(ApiTest, TargetsShowBothStates) {
  TargetStatus target;
  target.labels = Labels{{"job", "node"}};
  target.scrape_pool = "node";
  target.scrape_url = "http://x:1/metrics";
  target.last_error = "connection refused";
  target.health = TargetHealth::kDown;
  target.last_scrape_ms = 1435781451781;
  target.scrape_interval_ms = 15'000;
  target.scrape_timeout_ms = 10'000;
  scrape_.active = {target};
  const std::string body = Get("/api/v1/targets").body;
  EXPECT_THAT(body, HasSubstr(R"("health":"down","scrapeInterval":"15s","scrapeTimeout":"10s")"));
  EXPECT_THAT(body, HasSubstr(R"("lastScrape":"2015-07-01T20:10:51.781Z")"));
  EXPECT_THAT(body, HasSubstr(R"("droppedTargets":[{"discoveredLabels":{"__address__":"x:1"},)"
                              R"("scrapePool":"node"}],"droppedTargetCounts":{"node":1}})"));
  constexpr char kNoneDropped[] = R"("droppedTargets":[],"droppedTargetCounts":{}})";
  EXPECT_THAT(Get("/api/v1/targets?state=Active").body,
              AllOf(HasSubstr(R"("health":"down")"), HasSubstr(kNoneDropped)));
  EXPECT_THAT(Get("/api/v1/targets?state=dropped").body,
              AllOf(HasSubstr(R"("activeTargets":[])"), HasSubstr(R"("__address__":"x:1")")));
  EXPECT_EQ(Get("/api/v1/targets?state=any").body, body);
  EXPECT_THAT(Get("/api/v1/targets?state=up").body,
              AllOf(HasSubstr(R"("activeTargets":[])"), HasSubstr(kNoneDropped)));
  EXPECT_THAT(
      Get("/api/v1/targets?scrapePool=other").body,
      AllOf(HasSubstr(R"("activeTargets":[],"droppedTargets":[])"), HasSubstr(R"({"node":1})")));
  EXPECT_THAT(Get("/api/v1/scrape_pools").body, HasSubstr(R"({"scrapePools":["node","self"]})"));
}

TEST_F(ApiTest, RelabelStepsShowWhatEachRuleMakes) {
  ScrapeConfig config;
  config.relabel_configs = {
      {.source_labels = {"__address__", "zone"}, .target_label = "at"},
      {.source_labels = {"at"},
       .modulus = 18446744073709551615u,
       .target_label = "shard",
       .action = "hashmod"},
      {.source_labels = {"at"}, .regex = "a.*", .action = "drop"},
      {.target_label = "late", .replacement = "x"},
  };
  scrape_.configs["node"] = std::make_shared<ScrapeConfig>(config);
  const auto steps = [&](std::string labels) {
    return Get("/api/v1/targets/relabel_steps?scrapePool=node&labels=" + labels).body;
  };
  constexpr char kFirstRule[] =
      R"x({"rule":{"source_labels":["__address__","zone"],"separator":";","regex":"(.*)",)x"
      R"("target_label":"at","replacement":"$1","action":"replace"},)";
  EXPECT_THAT(
      steps(R"({"__address__":"b:1","zone":"w"})"),
      AllOf(HasSubstr(kFirstRule),
            HasSubstr(R"("output":{"__address__":"b:1","at":"b:1;w","zone":"w"},"keep":true})"),
            HasSubstr(R"("modulus":18446744073709551615,"target_label":"shard")"),
            HasSubstr(R"("late":"x",)")));
  EXPECT_THAT(steps(R"({"__address__":"a:1"})"),
              AllOf(HasSubstr(R"("action":"drop"},"output":{},"keep":false})"),
                    HasSubstr(R"("action":"replace"},"output":{},"keep":false}]}})")));
}

TEST_F(ApiTest, RelabelStepsRefuseWhatIsNoPoolOrNoLabels) {
  scrape_.configs["node"] = std::make_shared<ScrapeConfig>();
  const auto error = [&](std::string query) {
    const http::Response response = Get("/api/v1/targets/relabel_steps?" + query);
    EXPECT_EQ(response.status, 400) << query;
    EXPECT_THAT(response.body, HasSubstr(R"("errorType":"bad_data")"));
    return response.body;
  };
  EXPECT_THAT(error("labels={}"), HasSubstr("no scrapePool parameter provided"));
  EXPECT_THAT(error("scrapePool=node"), HasSubstr("no labels parameter provided"));
  EXPECT_THAT(error("scrapePool=x&labels={}"),
              HasSubstr(R"(error retrieving scrape config: scrape pool \"x\" not found)"));
  EXPECT_THAT(error("scrapePool=node&labels={"), HasSubstr("error parsing labels"));
  EXPECT_THAT(error("scrapePool=node&labels=[]"), HasSubstr("error parsing labels"));
  EXPECT_THAT(error(R"(scrapePool=node&labels={"a":1})"),
              HasSubstr(R"(the value of \"a\" is no string)"));
  // Deep values are not built, and what is left of the object has no string there.
  EXPECT_THAT(error(R"(scrapePool=node&labels={"a":)" + std::string(2000, '[') +
                    std::string(2000, ']') + "}"),
              HasSubstr("error parsing labels"));
  EXPECT_EQ(Get("/api/v1/targets/relabel_steps?scrapePool=node&labels={}").body,
            R"({"status":"success","data":{"steps":[]}})");
}

TEST_F(ApiTest, APoolsConfigurationIsShownWithoutSecrets) {
  ScrapeConfig config;
  config.job_name = "node";
  config.http.basic_auth = BasicAuthConfig{.username = "me", .password = {"hidden"}};
  scrape_.configs["node"] = std::make_shared<ScrapeConfig>(config);
  EXPECT_THAT(Get("/api/v1/scrape_pools/config?scrapePool=node").body,
              AllOf(HasSubstr(R"({"yaml":"job_name: node\n)"),
                    HasSubstr("password: \\u003csecret\\u003e"), Not(HasSubstr("hidden"))));
  EXPECT_EQ(Get("/api/v1/scrape_pools/config?scrapePool=x").status, 400);
  EXPECT_EQ(Get("/api/v1/scrape_pools/config").status, 400);
}

TEST_F(ApiTest, MetadataIsOneRowForEachVariant) {
  const Labels a{{"job", "a"}}, b{{"job", "b"}};
  scrape_.metadata = {{a, "m", {MetricType::kCounter, "Help.", ""}},
                      {b, "m", {MetricType::kCounter, "Help.", ""}},
                      {b, "n", {MetricType::kGauge, "N.", "bytes"}}};
  EXPECT_EQ(Get("/api/v1/metadata").body,
            R"({"status":"success","data":{"m":[{"type":"counter","help":"Help.","unit":""}],)"
            R"("n":[{"type":"gauge","help":"N.","unit":"bytes"}]}})");
  EXPECT_THAT(Get("/api/v1/metadata?limit=1").body, Not(HasSubstr("\"n\"")));
  EXPECT_THAT(Get("/api/v1/metadata?limit=x").body, HasSubstr("limit must be a number"));
  EXPECT_EQ(
      Get("/api/v1/targets/metadata?match_target={job=\"b\"}&metric=n").body,
      R"({"status":"success","data":[{"target":{"job":"b"},"type":"gauge","help":"N.","unit":"bytes"}]})");
  EXPECT_THAT(Get("/api/v1/targets/metadata?metric=absent").body, HasSubstr(R"("data":[])"));
}

TEST_F(ApiTest, StatusPagesShowWhatTheServerSays) {
  EXPECT_THAT(Get("/api/v1/status/buildinfo").body, HasSubstr(R"("version":"3.0.0")"));
  EXPECT_THAT(Get("/api/v1/status/runtimeinfo").body,
              HasSubstr(R"("startTime":"1970-01-01T00:00:01Z")"));
  EXPECT_THAT(Get("/api/v1/status/config").body, HasSubstr(R"({"yaml":"global: {}\n"})"));
  EXPECT_THAT(Get("/api/v1/status/flags").body,
              HasSubstr(R"({"web.listen-address":"0.0.0.0:9090"})"));
  EXPECT_THAT(Get("/api/v1/status/tsdb?limit=1").body,
              HasSubstr(R"("seriesCountByMetricName":[{"name":"up","value":3}])"));
  EXPECT_THAT(
      Get("/api/v1/status/tsdb?limit=1").body,
      HasSubstr(R"("memoryInBytesByMetricName":[{"name":"up","value":10}],)"
                R"("diskInBytesByMetricName":[{"name":"x","value":11}],)"
                R"("memory":{"limitBytes":1000,"residentBytes":900,"pressure":"refuse",)"
                R"("bytesByPart":[{"name":"series","value":7},{"name":"labels","value":8}]},)"
                R"("disk":{"bytesByPart":[{"name":"wal","value":9}]})"));
  EXPECT_EQ(Get("/api/v1/status/tsdb?limit=0").status, 400);
  EXPECT_EQ(Get("/api/v1/status/tsdb?limit=10001").status, 400);
  EXPECT_THAT(Get("/api/v1/alertmanagers").body,
              HasSubstr(R"({"activeAlertmanagers":[{"url":"http://a:9093/api/v2/alerts"},)"
                        R"({"url":"http://b:9093/api/v2/alerts"}],)"
                        R"("droppedAlertmanagers":[{"url":"http://c:9093/api/v2/alerts"}]})"));
}

TEST_F(ApiTest, BeforeReadyOnlyHealthAndReplayAnswer) {
  readiness_ = Readiness::kStarting;
  const http::Response response = Get("/api/v1/query?query=up");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, "Service Unavailable");
  EXPECT_EQ(response.headers.Get("X-Prometheus-Stopping"), "false");
  EXPECT_EQ(Get("/-/ready").status, 503);
  EXPECT_EQ(Get("/-/healthy").body, "Prometheus Server is Healthy.\n");
  EXPECT_THAT(Get("/api/v1/status/walreplay").body,
              HasSubstr(R"("current":3,"state":"in progress")"));
  readiness_ = Readiness::kStopping;
  EXPECT_EQ(Get("/api/v1/query?query=up").headers.Get("X-Prometheus-Stopping"), "true");
  readiness_ = Readiness::kReady;
  EXPECT_EQ(Get("/-/ready").body, "Prometheus Server is Ready.\n");
}

TEST_F(ApiTest, AdminEndpointsNeedTheFlagAndTheMethod) {
  for (const char* name : {"delete_series", "clean_tombstones", "snapshot", "compact"}) {
    const std::string path = StrCat("/api/v1/admin/tsdb/", name);
    EXPECT_EQ(Get(path).status, 405) << name;
    const http::Response response = Send("POST", path);
    EXPECT_EQ(response.status, 500) << name;
    EXPECT_EQ(response.body,
              R"({"status":"error","errorType":"unavailable","error":"admin APIs disabled"})");
  }
}

TEST_F(ApiTest, AdminEndpointsAnswerAsPrometheus) {
  FakeAdmin admin;
  deps_.admin = &admin;
  const std::string base = "/api/v1/admin/tsdb/";
  http::Response response = Send("PUT", base + "clean_tombstones");
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(Send("POST", base + "compact").status, 204);
  EXPECT_EQ(Send("POST", base + "snapshot").body,
            R"({"status":"success","data":{"name":"20260101T000000Z-0123456789abcdef"}})");
  EXPECT_EQ(Send("POST", base + "snapshot?skip_head=true").status, 200);
  EXPECT_EQ(Send("POST", base + "snapshot?skip_head=0").status, 200);
  response = Send("POST", base + "snapshot?skip_head=maybe");
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr("bad_data"));
  EXPECT_THAT(response.body, HasSubstr("unable to parse boolean"));
  EXPECT_EQ(admin.calls, (std::vector<std::string>{"clean", "compact", "snapshot",
                                                   "snapshot without head", "snapshot"}));
  admin.status = absl::ResourceExhaustedError("too many");
  for (const char* name : {"clean_tombstones", "compact", "snapshot", "delete_series?match[]=up"}) {
    response = Send("POST", base + name);
    EXPECT_EQ(response.status, 500) << name;
    EXPECT_THAT(response.body, HasSubstr(R"("errorType":"internal","error":"too many")"));
  }
}

TEST_F(ApiTest, DeleteSeriesTakesMatchersAndARange) {
  FakeAdmin admin;
  deps_.admin = &admin;
  const std::string path = "/api/v1/admin/tsdb/delete_series";
  const auto error = [&](const std::string& query) {
    const http::Response response = Send("POST", path + query);
    EXPECT_EQ(response.status, 400) << query;
    return response.body;
  };
  EXPECT_THAT(error(""), HasSubstr("no match[] parameter provided"));
  EXPECT_THAT(error("?match[]=up&start=x"), HasSubstr(R"(invalid parameter \"start\")"));
  EXPECT_THAT(error("?match[]=up&end=x"), HasSubstr(R"(invalid parameter \"end\")"));
  EXPECT_THAT(error("?match[]=up{"), HasSubstr(R"(invalid parameter \"match[]\")"));
  EXPECT_THAT(error("?match[]={a=~\".*\"}"), HasSubstr("at least one non-empty matcher"));
  EXPECT_TRUE(admin.calls.empty());
  EXPECT_EQ(Send("POST", path + "?match[]=up&start=1.5&end=2").status, 204);
  EXPECT_EQ(Send("PUT", path, "match[]=up&match[]={a%3D\"b\"}&start=3",
                 {{"Content-Type", "application/x-www-form-urlencoded"}})
                .status,
            204);
  ASSERT_EQ(admin.calls.size(), 2u);
  EXPECT_EQ(admin.calls[0], R"(delete [1500, 2000] {__name__="up";})");
  EXPECT_THAT(admin.calls[1], StartsWith("delete [3000, "));
  EXPECT_THAT(admin.calls[1], HasSubstr(R"({__name__="up";} {a="b";})"));
}

TEST_F(ApiTest, LifecycleEndpointsNeedTheFlagAndTheMethod) {
  EXPECT_EQ(Send("POST", "/-/reload").status, 403);
  EXPECT_EQ(Send("POST", "/-/reload").body, "Lifecycle API is not enabled.");
  EXPECT_EQ(Get("/-/quit").status, 405);
  EXPECT_EQ(Get("/-/quit").body, "Only POST or PUT requests allowed");
  EXPECT_FALSE(quit_);
  deps_.lifecycle = true;
  api_.reset();
  EXPECT_EQ(Send("PUT", "/-/reload").status, 200);
  reload_ = absl::InvalidArgumentError("line 3");
  const http::Response failed = Send("POST", "/-/reload");
  EXPECT_EQ(failed.status, 500);
  EXPECT_EQ(failed.body, "failed to reload config: line 3\n");
  EXPECT_EQ(Send("POST", "/-/quit").status, 200);
  EXPECT_TRUE(quit_);
}

TEST_F(ApiTest, RemoteWriteNeedsItsFlag) {
  const http::Response off = Send("POST", "/api/v1/write");
  EXPECT_EQ(off.status, 404);
  EXPECT_THAT(off.body, HasSubstr("--web.enable-remote-write-receiver"));
  RemoteWrite remote_write(&storage_, &registry_);
  deps_.remote_write = &remote_write;
  api_.reset();
  EXPECT_EQ(Get("/api/v1/write").status, 405);
  EXPECT_EQ(Send("POST", "/api/v1/write", "rubbish").status, 400);
}

TEST_F(ApiTest, WrongMethodsAndPathsAreTold) {
  const http::Response response = Send("DELETE", "/api/v1/query");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.headers.Get("Allow"), "GET, POST");
  EXPECT_EQ(Get("/api/v1/nothing").status, 404);
  EXPECT_EQ(Send("HEAD", "/-/healthy").status, 200);
}

TEST_F(ApiTest, CorsHeadersFollowTheOrigin) {
  const http::Response none = Get("/api/v1/alerts");
  EXPECT_EQ(none.headers.Get("Vary"), "Origin");
  EXPECT_FALSE(none.headers.Has("Access-Control-Allow-Origin"));
  const http::Headers origin = {{"Origin", "http://a.example"}};
  const http::Response any = Send("GET", "/api/v1/alerts", "", origin);
  EXPECT_EQ(any.headers.Get("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(any.headers.Get("Access-Control-Allow-Headers"),
            "Accept, Authorization, Content-Type, Origin");
  EXPECT_EQ(Send("OPTIONS", "/api/v1/query", "", origin).status, 204);
  deps_.cors_origin = "https?://a\\.example";
  api_.reset();
  EXPECT_EQ(Send("GET", "/api/v1/alerts", "", origin).headers.Get("Access-Control-Allow-Origin"),
            "http://a.example");
  EXPECT_FALSE(Send("GET", "/api/v1/alerts", "", {{"Origin", "http://b.example"}})
                   .headers.Has("Access-Control-Allow-Origin"));
  deps_.cors_origin = "(";
  EXPECT_EQ(Api::Create(deps_).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ApiTest, QueriesAreFormattedAndParsedWithoutBeingRun) {
  EXPECT_EQ(Get("/api/v1/format_query?query=sum(rate(x%5B300%5D))by(job)").body,
            "{\"status\":\"success\",\"data\":\"sum by (job) (rate(x[5m]))\"}");
  EXPECT_EQ(Get("/api/v1/parse_query?query=1").body,
            "{\"status\":\"success\",\"data\":{\"type\":\"numberLiteral\",\"val\":\"1\"}}");
  for (const char* path : {"/api/v1/format_query", "/api/v1/parse_query"}) {
    const http::Response wrong =
        Send("POST", path, "query=1%2B", {{"Content-Type", "application/x-www-form-urlencoded"}});
    EXPECT_EQ(wrong.status, 400);
    EXPECT_EQ(wrong.body,
              "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"invalid parameter "
              "\\\"query\\\": 1:3: parse error: unexpected end of input\"}");
  }
  EXPECT_EQ(Get("/api/v1/format_query?query=x+anchored").status, 400);
  deps_.parser.extended_range_selectors = true;
  api_.reset();
  EXPECT_THAT(Get("/api/v1/format_query?query=x+anchored").body, HasSubstr("\"x anchored\""));
}

TEST_F(ApiTest, RequestsAreCountedByPatternAndCode) {
  Get("/api/v1/label/job/values");
  Get("/api/v1/query_range?query=up");
  const std::string text = Get("/metrics").body;
  EXPECT_THAT(text,
              HasSubstr("prometheus_http_requests_total{handler=\"/api/v1/label/:name/values\","
                        "code=\"200\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("prometheus_http_requests_total{handler=\"/api/v1/query_range\","
                              "code=\"400\"} 1\n"));
  EXPECT_THAT(
      text,
      HasSubstr("prometheus_http_requests_total{handler=\"/api/v1/query\",code=\"200\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("prometheus_http_request_duration_seconds_bucket{handler="
                              "\"/api/v1/query_range\",le=\"0.1\"} 1\n"));
}

TEST_F(ApiTest, ARoutePrefixStandsBeforeEveryPath) {
  deps_.route_prefix = "/prom";
  EXPECT_EQ(Get("/api/v1/alerts").status, 404);
  EXPECT_EQ(Get("/prom/api/v1/alerts").status, 200);
  EXPECT_EQ(Get("/prometheus/api/v1/alerts").status, 404);
  EXPECT_EQ(Get("/prom").headers.Get("Location"), "/prom/query");
  EXPECT_EQ(Get("/prom/graph?g0.expr=up").headers.Get("Location"), "/prom/query?g0.expr=up");
  EXPECT_THAT(Get("/prom/query").body, HasSubstr("action=\"/prom/api/v1/query\""));
}

TEST_F(ApiTest, EveryRouteHasItsOwnPattern) {
  std::string parameter;
  for (const Route& route : Routes()) {
    std::string path(route.pattern);
    if (const size_t at = path.find(":name"); at != std::string::npos) path.replace(at, 5, "x");
    EXPECT_EQ(FindRoute(path, &parameter), &route) << path;
  }
}

TEST_F(ApiTest, ExemplarsOfEverySelectorOfAQuery) {
  exemplars_.answer = {{Labels{{"__name__", "a_total"}, {"job", "x"}},
                        {{Labels{{"trace_id", "abc"}}, 1.5, 1000}, {Labels(), 2, 1001}}}};
  EXPECT_EQ(Get("/api/v1/query_exemplars?start=1&end=2&query=rate(a_total%5B1m%5D)%2Bb").body,
            R"({"status":"success","data":[{"seriesLabels":{"__name__":"a_total","job":"x"},)"
            R"("exemplars":[{"labels":{"trace_id":"abc"},"value":"1.5","timestamp":1},)"
            R"({"labels":{},"value":"2","timestamp":1.001}]}]})");
  EXPECT_EQ(exemplars_.asked, R"(__name__="a_total" | __name__="b" | 1000 2000)");
  exemplars_.answer.clear();
  EXPECT_EQ(Send("POST", "/api/v1/query_exemplars", "query=sum(a)",
                 {{"Content-Type", "application/x-www-form-urlencoded"}})
                .body,
            R"({"status":"success","data":[]})");
}

TEST_F(ApiTest, ExemplarsNeedASelector) {
  EXPECT_EQ(Get("/api/v1/query_exemplars?query=1").body, R"({"status":"success"})");
  EXPECT_EQ(Get("/api/v1/query_exemplars?query=sum(").status, 400);
  EXPECT_NE(Get("/api/v1/query_exemplars?query=a&start=2&end=1")
                .body.find("end timestamp must not be before start timestamp"),
            std::string::npos);
  EXPECT_EQ(Get("/api/v1/query_exemplars?query=a&start=x").status, 400);
}

}  // namespace
}  // namespace hearth
