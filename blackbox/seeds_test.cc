// The command lines and configurations that real stacks use start Hearth unchanged (but for paths
// and the port).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "blackbox/server_process.h"

namespace hearth::blackbox {
namespace {

using testing::HasSubstr;

struct Stack {
  std::string name;
  std::string config;
  std::vector<std::string> flags;
};

// Our own texts with the content that such stacks describe: job lists with their own intervals,
// rule files by glob, an Alertmanager, remote_write with basic auth, exporters.
const Stack kStacks[] = {
    {"application_with_databases",
     R"(
global:
  scrape_interval: 15s
  evaluation_interval: 15s
rule_files:
  - "alert_rules.yml"
scrape_configs:
  - job_name: 'application'
    static_configs:
      - targets: ['backend:3000']
    metrics_path: '/metrics'
    scrape_interval: 30s
  - job_name: 'postgres'
    static_configs:
      - targets: ['postgres:5432']
  - job_name: 'redis'
    static_configs:
      - targets: ['redis:6379']
alerting:
  alertmanagers:
    - static_configs:
        - targets:
          - alertmanager:9093
)",
     {"--web.console.libraries=/etc/prometheus/console_libraries",
      "--web.console.templates=/etc/prometheus/consoles", "--storage.tsdb.retention.time=200h"}},
    {"exporters_and_rule_globs",
     R"(
global:
  scrape_interval: 10s
  evaluation_interval: 15s
  external_labels:
    environment: production
    cluster: 'main'
rule_files:
  - 'alerts/*.yml'
  - 'recording/*.yml'
alerting:
  alertmanagers:
    - scheme: http
      timeout: 10s
      api_version: v2
      static_configs:
        - targets: ['localhost:9093']
scrape_configs:
  - job_name: prometheus
    static_configs:
      - targets: ['localhost:9090']
        labels:
          service: prometheus
  - job_name: node-exporter
    static_configs:
      - targets: ['node-exporter:9100']
    relabel_configs:
      - source_labels: [__address__]
        target_label: instance
        regex: '([^:]+)(?::\d+)?'
        replacement: '${1}'
    metric_relabel_configs:
      - source_labels: [__name__]
        regex: 'go_.*'
        action: drop
  - job_name: cadvisor
    scrape_interval: 30s
    scrape_timeout: 20s
    honor_labels: true
    static_configs:
      - targets: ['cadvisor:8080']
)",
     {"--storage.tsdb.retention.time=90d", "--web.enable-lifecycle", "--web.enable-admin-api"}},
    {"probes_and_remote_write",
     R"(
global:
  scrape_interval: 15s
scrape_configs:
  - job_name: blackbox
    metrics_path: /probe
    params:
      module: [http_2xx]
    static_configs:
      - targets:
          - https://example.org
    relabel_configs:
      - source_labels: [__address__]
        target_label: __param_target
      - source_labels: [__param_target]
        target_label: instance
      - target_label: __address__
        replacement: blackbox-exporter:9115
  - job_name: api
    scheme: https
    tls_config:
      insecure_skip_verify: true
    basic_auth:
      username: scraper
      password: secret
    static_configs:
      - targets: ['api:443']
remote_write:
  - url: "https://metrics.example.org/api/prom/push"
    basic_auth:
      username: user
      password: very-secret-key
)",
     {"--storage.tsdb.retention.time=30d", "--storage.tsdb.retention.size=10GB",
      "--log.level=info"}},
};

class SeedsTest : public testing::TestWithParam<Stack> {};

TEST_P(SeedsTest, StartsUnchanged) {
  const Stack& stack = GetParam();
  const TempDir directory;
  directory.Write(
      "alert_rules.yml",
      "groups:\n  - name: application\n    rules:\n      - alert: HighErrorRate\n"
      "        expr: rate(http_requests_total{status=~\"5..\"}[5m]) > 0.1\n        for: 5m\n"
      "        labels: {severity: critical}\n        annotations:\n"
      "          summary: \"High error rate: {{ $value }}\"\n");
  std::unique_ptr<ServerProcess> server = StartHearth(directory, stack.config, stack.flags);
  ASSERT_TRUE(server->WaitUntilOk("/-/ready")) << server->process().Output();
  const nlohmann::json targets = server->Get("/api/v1/targets?state=active").Json();
  EXPECT_FALSE(targets["data"]["activeTargets"].empty());
  const std::string config = server->Get("/api/v1/status/config").body;
  EXPECT_THAT(config, testing::Not(HasSubstr("secret\\n")));
  EXPECT_THAT(config, testing::Not(HasSubstr("very-secret-key")));
  EXPECT_EQ(server->Get("/api/v1/rules").status, 200);
  EXPECT_EQ(server->Get("/api/v1/alertmanagers").status, 200);
  EXPECT_THAT(server->process().Output(), testing::Not(HasSubstr("level=ERROR")));
  EXPECT_EQ(server->process().Terminate(), 0) << server->process().Output();
}

INSTANTIATE_TEST_SUITE_P(Stacks, SeedsTest, testing::ValuesIn(kStacks),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace hearth::blackbox
