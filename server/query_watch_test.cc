#include "server/query_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "model/fake_clock.h"
#include "nlohmann/json.hpp"

namespace hearth {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class QueryWatchTest : public testing::Test {
 protected:
  QueryWatchTest() : directory_(testing::TempDir() + "/query_watch") {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
  }
  ~QueryWatchTest() override { std::filesystem::remove_all(directory_); }

  std::unique_ptr<ActiveQueries> Open(size_t slots) {
    unfinished_.clear();
    auto active = ActiveQueries::Open(directory_, slots, &PosixFileSystem(), &unfinished_);
    EXPECT_TRUE(active.ok()) << active.status();
    return *std::move(active);
  }
  std::string Contents(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(directory_ + "/" + name).rdbuf();
    return text.str();
  }

  const std::string directory_;
  std::string unfinished_;
};

TEST_F(QueryWatchTest, WhatRanWhenTheProcessDiedIsListedAtTheNextStart) {
  {
    auto active = Open(4);
    EXPECT_EQ(unfinished_, "");
    const size_t first = active->Insert("up", 1'700'000'000'999);
    active->Insert("sum(\"quoted\\\n\")", 1'700'000'001'000);
    active->Insert("rate(x[5m])", 1'700'000'002'000);
    active->Remove(first);
  }
  Open(4);
  const json queries = json::parse(unfinished_);
  ASSERT_EQ(queries.size(), 2u);
  EXPECT_EQ(queries[0]["query"], "sum(\"quoted\\\n\")");
  EXPECT_EQ(queries[0]["timestamp_sec"], 1'700'000'001);
  EXPECT_EQ(queries[1]["query"], "rate(x[5m])");
  Open(4);
  EXPECT_EQ(unfinished_, "") << "told once";
}

TEST_F(QueryWatchTest, LongQueriesAreShortenedToTheirSlotAndStayJson) {
  std::string umlauts, escapes(3000, '"');
  for (int i = 0; i < 3000; ++i) umlauts += "\xc3\xa4";
  {
    auto active = Open(3);
    for (const std::string& query : {std::string(1 << 20, 'x'), umlauts, escapes}) {
      EXPECT_NE(active->Insert(query, 1000), ActiveQueries::kNone);
    }
    EXPECT_EQ(active->Insert("one too many", 1000), ActiveQueries::kNone);
  }
  EXPECT_EQ(Contents("queries.active").size(), 1 + 3 * ActiveQueries::kSlotBytes);
  Open(3);
  const json queries = json::parse(unfinished_);
  ASSERT_EQ(queries.size(), 3u);
  for (const json& query : queries) EXPECT_GT(query["query"].get<std::string>().size(), 300u);
}

TEST_F(QueryWatchTest, AFileOfOtherBytesIsReplaced) {
  std::ofstream(directory_ + "/queries.active") << "not json at all},";
  Open(2);
  EXPECT_EQ(unfinished_, "");
}

TEST_F(QueryWatchTest, ALineOfTheQueryLogHasWhatPrometheusWrites) {
  FakeClock clock(1'700'000'000'123);
  metrics::Registry registry;
  QueryWatch watch(&clock, &registry);
  promql::QueryRequest request;
  request.query = "sum(up)";
  request.start_ms = 1'600'000'000'000;
  request.end_ms = 1'600'000'060'500;
  request.step_ms = 15'000;
  request.client = "10.0.0.1";
  request.origin = {.method = "GET", .path = "/api/v1/query_range"};
  promql::QueryStats stats;
  stats.samples_read = 12;
  stats.peak_samples = 34;
  stats.timings = {.queue_s = 0.25,
                   .prepare_s = 0.5,
                   .inner_eval_s = 1,
                   .result_sort_s = {},
                   .eval_s = 1.5,
                   .total_s = 1.75};
  watch.Ended(request, stats, absl::OkStatus());  // To nowhere.
  auto file = LogFile::Open("query_log_file", directory_ + "/query.log");
  ASSERT_TRUE(file.ok());
  watch.log().Use(*std::move(file));
  watch.Ended(request, stats, absl::OkStatus());
  request.origin = {};
  watch.Ended(request, stats, absl::DeadlineExceededError("query timed out"));
  watch.log().Use(nullptr);
  watch.Ended(request, stats, absl::OkStatus());

  std::istringstream lines(Contents("query.log"));
  std::string first, second, none;
  ASSERT_TRUE(std::getline(lines, first) && std::getline(lines, second));
  EXPECT_FALSE(std::getline(lines, none));
  EXPECT_EQ(json::parse(first), json::parse(R"json({
      "time": "2023-11-14T22:13:20.123Z", "level": "INFO", "msg": "promql query logged",
      "params": {"query": "sum(up)", "start": "2020-09-13T12:26:40.000Z",
                 "end": "2020-09-13T12:27:40.500Z", "step": 15},
      "stats": {"timings": {"evalTotalTime": 1.5, "resultSortTime": 0, "queryPreparationTime": 0.5,
                            "innerEvalTime": 1, "execQueueTime": 0.25, "execTotalTime": 1.75},
                "samples": {"totalQueryableSamples": 12, "peakSamples": 34}},
      "httpRequest": {"clientIP": "10.0.0.1", "method": "GET", "path": "/api/v1/query_range"}})json"));
  EXPECT_EQ(json::parse(second)["error"], "query timed out");
  EXPECT_FALSE(json::parse(second).contains("httpRequest"));
}

TEST_F(QueryWatchTest, ALogThatCannotBeOpenedNamesItsPath) {
  const auto file = LogFile::Open("query_log_file", directory_ + "/missing/query.log");
  EXPECT_EQ(file.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(file.status().message()), HasSubstr("missing/query.log"));
}

}  // namespace
}  // namespace hearth
