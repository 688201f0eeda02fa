// What the API shows of targets and metadata, beside a Prometheus with the same configuration and
// the same targets: every field but the times of scrapes. Prometheus 2.42 has neither
// droppedTargetCounts nor the pools of dropped targets.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "blackbox/exporters.h"
#include "blackbox/http_fixture.h"
#include "blackbox/server_process.h"

namespace hearth::blackbox {
namespace {

constexpr char kText[] = "text/plain; version=0.0.4; charset=utf-8";
constexpr char kOpenMetrics[] = "application/openmetrics-text; version=1.0.0; charset=utf-8";

// Lists in an order of their own, and times only as far as they are there.
void Normalize(nlohmann::json* json) {
  if (json->is_object()) {
    if (json->contains("lastScrape")) {
      (*json)["lastScrape"] = (*json)["lastScrape"].get<std::string>().substr(0, 3);
      (*json)["lastScrapeDuration"] = (*json)["lastScrapeDuration"].is_number();
    }
    if (json->contains("discoveredLabels") && !json->contains("labels")) json->erase("scrapePool");
    json->erase("droppedTargetCounts");
  }
  for (nlohmann::json& part : *json) {
    if (part.is_structured()) Normalize(&part);
  }
  if (json->is_array()) std::sort(json->begin(), json->end());
}

class TargetsPeersTest : public testing::Test {
 protected:
  void SetUp() override {
    if (FindProgram("prometheus").empty()) GTEST_SKIP() << "not installed: prometheus";
  }

  void StartBoth(const std::string& config) {
    prometheus_ = StartPrometheus(directory_, "prometheus", config);
    hearth_ = StartHearth(directory_, config);
    for (ServerProcess* server : {prometheus_.get(), hearth_.get()}) {
      ASSERT_TRUE(server->WaitUntilOk("/-/ready")) << server->process().Output();
    }
  }

  // The whole answer but for what Normalize takes away.
  void ExpectSame(const std::string& path) {
    const Answer ours = hearth_->Get(path), theirs = prometheus_->Get(path);
    EXPECT_EQ(ours.status, theirs.status) << path;
    nlohmann::json our_json = ours.Json(), their_json = theirs.Json();
    Normalize(&our_json);
    Normalize(&their_json);
    EXPECT_EQ(our_json.dump(1), their_json.dump(1)) << path;
  }

  // Until every target has been scraped, by its health.
  void WaitForScrapes() {
    for (const ServerProcess* server : {prometheus_.get(), hearth_.get()}) {
      ASSERT_TRUE(WaitFor(seconds(60), [&] {
        const nlohmann::json answer = server->Get("/api/v1/targets").Json();
        if (!answer.is_object()) return false;
        const nlohmann::json& targets = answer["data"]["activeTargets"];
        return !targets.empty() && std::none_of(targets.begin(), targets.end(), [](const auto& t) {
          return t["health"] == "unknown";
        });
      }));
    }
  }

  TempDir directory_;
  std::unique_ptr<ServerProcess> prometheus_, hearth_;
};

TEST_F(TargetsPeersTest, TargetsAndMetadataAreShownAlike) {
  HttpFixture text("# HELP a Help \\\\ text\n# TYPE a counter\na 1\n# TYPE b gauge\nb 2\nc 3\n",
                   kText);
  HttpFixture other("# HELP a Other.\n# TYPE a counter\na 1\n", kText);
  HttpFixture open_metrics(
      "# TYPE s_seconds summary\n# UNIT s_seconds seconds\n# HELP s_seconds S.\n"
      "s_seconds_count 1\n# TYPE q stateset\nq{q=\"x\"} 1\n# TYPE i info\ni_info 1\n# EOF\n",
      kOpenMetrics);
  HttpFixture refuses("no", kText);
  refuses.Set("no", "503 Service Unavailable");
  const auto at = [](const HttpFixture& fixture) {
    return "127.0.0.1:" + std::to_string(fixture.port());
  };
  StartBoth(
      "global: {scrape_interval: 1s}\nscrape_configs:\n"
      "- job_name: text\n"
      "  params: {module: [a b, 'c&d'], target: ['']}\n"
      "  static_configs: [{targets: ['" +
      at(text) +
      "'], labels: {env: x, __meta_m: y}},\n"
      "    {targets: ['" +
      at(other) +
      "']}]\n"
      "- job_name: open\n  metrics_path: '/a/b?c=d%20 e!'\n  honor_labels: true\n"
      "  static_configs: [{targets: ['" +
      at(open_metrics) +
      "'],"
      " labels: {instance: own, __scrape_interval__: 2s, __scrape_timeout__: 500ms}}]\n"
      "- job_name: relabelled\n  static_configs: [{targets: ['" +
      at(text) +
      "', 'drop:1', 'drop:2', 'localhost:1']}]\n"
      "  relabel_configs:\n"
      "  - {source_labels: [__address__], regex: 'drop.*', action: drop}\n"
      "  - {source_labels: [__address__], target_label: __param_target}\n"
      "  - {source_labels: [__address__], target_label: __tmp_x}\n"
      "  - {regex: (job), replacement: was_$1, action: labelmap}\n"
      "- job_name: down\n  static_configs: [{targets: ['" +
      at(refuses) +
      "']}]\n"
      "- {job_name: empty}\n");
  WaitForScrapes();
  for (const char* state : {"", "?state=active", "?state=DROPPED", "?state=any", "?state=none"}) {
    ExpectSame(std::string("/api/v1/targets") + state);
  }
  for (const char* query :
       {"", "?limit=0", "?metric=a", "?metric=absent", "?match_target={job=\"open\"}",
        "?match_target={env=~\".%2B\"}&metric=b", "?match_target={", "?limit=x"}) {
    ExpectSame(std::string("/api/v1/targets/metadata") + query);
  }
  for (const char* query : {"", "?metric=a", "?metric=absent", "?limit=0", "?limit=-1",
                            "?limit_per_metric=1&metric=b", "?limit=x"}) {
    ExpectSame(std::string("/api/v1/metadata") + query);
  }
}

}  // namespace
}  // namespace hearth::blackbox
