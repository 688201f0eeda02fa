#include "config/config.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "config/yaml.h"
#include "model/text.h"

namespace hearth {
namespace {

LoadEnvironment FakeEnvironment() {
  return LoadEnvironment{
      .variable = [](const std::string& name) { return name == "REGION" ? "eu" : ""; },
      .read_file = [](const std::string& path) -> absl::StatusOr<std::string> {
        if (path == "/etc/p/jobs/a.yml") return "scrape_configs: [{job_name: included}]";
        return absl::NotFoundError("no such file");
      },
      .glob = [](const std::string& pattern) -> std::vector<std::string> {
        if (pattern == "/etc/p/jobs/*.yml") return {"/etc/p/jobs/a.yml"};
        return {};
      }};
}

absl::StatusOr<Config> LoadText(std::string_view text) {
  return Load(text, "/etc/p/prometheus.yml", FakeEnvironment());
}

std::string ErrorOf(std::string_view text) {
  const auto config = LoadText(text);
  return config.ok() ? "accepted" : std::string(config.status().message());
}

constexpr std::string_view kTypical = R"(
global:
  scrape_interval: 15s
  evaluation_interval: 15s
  external_labels: {region: "$REGION", cost: "5$$", zone: "${REGION}-1"}
rule_files:
  - "alert_rules.yml"
scrape_config_files: ["jobs/*.yml"]
scrape_configs:
  - job_name: 'dev-pynode'
    static_configs:
      - targets: ['backend:3000']
    metrics_path: '/metrics'
    scrape_interval: 30s
  - job_name: 'secure'
    scheme: https
    basic_auth: {username: u, password: hunter2}
    tls_config: {ca_file: ca.pem}
    scrape_interval: 5s
    params: {module: [http_2xx]}
    consul_sd_configs: [{server: "localhost:8500", token: hunter3}]
    kubernetes_sd_configs: [{role: pod}]
    hetzner_sd_configs: [{role: hcloud}]
    relabel_configs:
      - source_labels: [__address__]
        target_label: __param_target
alerting:
  alertmanagers:
    - static_configs:
        - targets: ['alertmanager:9093']
)";

TEST(ConfigTest, LoadsATypicalFileAndFillsDefaults) {
  const auto config = LoadText(kTypical);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->global.scrape_timeout.ms, 10'000);
  ASSERT_EQ(config->scrape_configs.size(), 3u);
  const ScrapeConfig& first = config->scrape_configs[0];
  EXPECT_EQ(first.job_name, "dev-pynode");
  EXPECT_EQ(first.scrape_interval.ms, 30'000);
  EXPECT_EQ(first.scrape_timeout.ms, 10'000);
  EXPECT_TRUE(first.honor_timestamps);
  EXPECT_EQ(first.discovery.static_configs[0].targets[0], "backend:3000");
  EXPECT_EQ(config->scrape_configs[1].scrape_timeout.ms, 5'000) << "capped to the interval";
  EXPECT_EQ(config->scrape_configs[2].job_name, "included");
  EXPECT_EQ(config->scrape_configs[2].scrape_interval.ms, 15'000);
}

TEST(ConfigTest, AnEmptyFileIsValid) {
  const auto config = LoadText("");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->global.scrape_interval.ms, 60'000);
  EXPECT_EQ(config->global.evaluation_interval.ms, 60'000);
}

TEST(ConfigTest, ResolvesRelativePathsAgainstTheFile) {
  const auto config = LoadText(kTypical);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->rule_files[0], "/etc/p/alert_rules.yml");
  EXPECT_EQ(config->scrape_configs[1].http.tls_config->ca_file, "/etc/p/ca.pem");
}

TEST(ConfigTest, ExpandsVariablesInExternalLabels) {
  const auto config = LoadText(kTypical);
  ASSERT_TRUE(config.ok()) << config.status();
  const StringMapConfig expected = {{"region", "eu"}, {"cost", "5$"}, {"zone", "eu-1"}};
  EXPECT_EQ(config->global.external_labels, expected);
}

TEST(ConfigTest, WarnsOfWhatIsAcceptedWithoutEffect) {
  const auto config = LoadText(kTypical);
  ASSERT_TRUE(config.ok()) << config.status();
  std::string all;
  for (const std::string& warning : config->warnings) StrAppend(&all, warning, "\n");
  EXPECT_NE(all.find("hetzner_sd_configs"), std::string::npos) << all;
  EXPECT_EQ(all.find("consul_sd_configs"), std::string::npos) << "it finds targets";
  EXPECT_EQ(all.find("kubernetes_sd_configs"), std::string::npos) << "it finds targets";
  EXPECT_EQ(all.find("rule_files"), std::string::npos) << "they are evaluated";
  EXPECT_EQ(all.find("alerting"), std::string::npos) << "alerts are sent";
}

TEST(ConfigTest, AnAlertmanagerThatWantsSignedRequestsIsAWarning) {
  const auto config = LoadText(
      "alerting: {alertmanagers: [{sigv4: {region: eu}, static_configs: [{targets: ['a:1']}]}]}");
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_EQ(config->warnings.size(), 1u);
  EXPECT_NE(config->warnings[0].find("alerting.alertmanagers.sigv4"), std::string::npos);
}

TEST(ConfigTest, OnlyTheGrantThatIsMissingIsAWarningOfOAuth2) {
  const auto warnings = [](std::string_view grant_type) {
    const auto config = LoadText(StrCat(
        "scrape_configs: [{job_name: a, proxy_url: 'http://p', oauth2: {client_id: x, token_url: "
        "'http://t', grant_type: '",
        grant_type, "'}}]"));
    EXPECT_TRUE(config.ok()) << config.status();
    return config.ok() ? config->warnings : std::vector<std::string>();
  };
  EXPECT_TRUE(warnings("").empty());
  EXPECT_TRUE(warnings("client_credentials").empty());
  ASSERT_EQ(warnings(kJwtBearerGrant).size(), 1u);
  EXPECT_NE(warnings(kJwtBearerGrant)[0].find("jwt-bearer"), std::string::npos);
}

TEST(ConfigTest, PrintsDefaultsAndHidesSecrets) {
  const auto config = LoadText(kTypical);
  ASSERT_TRUE(config.ok()) << config.status();
  const std::string yaml = ToYaml(*config);
  EXPECT_EQ(yaml.find("hunter"), std::string::npos) << yaml;
  EXPECT_EQ(yaml.find("included"), std::string::npos) << yaml;
  for (const char* part :
       {"password: <secret>", "token: <secret>", "scrape_timeout: 10s", "honor_timestamps: true",
        "- job_name: secure", "  - targets:\n    - backend:3000\n"}) {
    EXPECT_NE(yaml.find(part), std::string::npos) << part << " in\n" << yaml;
  }
}

TEST(ConfigTest, WhatIsPrintedLoadsAgainToTheSame) {
  const auto config = LoadText(kTypical);
  ASSERT_TRUE(config.ok()) << config.status();
  const std::string once = ToYaml(*config);
  const auto again = LoadText(once);
  ASSERT_TRUE(again.ok()) << again.status() << "\n" << once;
  EXPECT_EQ(ToYaml(*again), once);
}

// The protocols of the only job, joined by blanks.
std::string ProtocolsOf(std::string_view text, bool protobuf_first = false) {
  LoadEnvironment environment = FakeEnvironment();
  environment.protobuf_first = protobuf_first;
  const auto config = Load(text, "/etc/p/prometheus.yml", environment);
  if (!config.ok()) return std::string(config.status().message());
  std::string all;
  for (const std::string& protocol : config->scrape_configs.at(0).formats.scrape_protocols) {
    StrAppend(&all, all.empty() ? "" : " ", protocol);
  }
  return all;
}

TEST(ConfigTest, ProtobufComesFirstWhereNativeHistogramsAreAskedFor) {
  const std::string lines =
      "OpenMetricsText1.0.0 OpenMetricsText0.0.1 PrometheusText1.0.0 PrometheusText0.0.4";
  const std::string protobuf = "PrometheusProto " + lines;
  EXPECT_EQ(ProtocolsOf("scrape_configs: [{job_name: x}]"), lines);
  EXPECT_EQ(ProtocolsOf("scrape_configs: [{job_name: x, scrape_native_histograms: true}]"),
            protobuf);
  EXPECT_EQ(ProtocolsOf("global: {scrape_native_histograms: true}\n"
                        "scrape_configs: [{job_name: x}]"),
            protobuf);
  EXPECT_EQ(ProtocolsOf("global: {scrape_native_histograms: true}\n"
                        "scrape_configs: [{job_name: x, scrape_native_histograms: false}]"),
            lines);
  EXPECT_EQ(ProtocolsOf("global: {scrape_protocols: [PrometheusText0.0.4]}\n"
                        "scrape_configs: [{job_name: x, scrape_native_histograms: true}]"),
            "PrometheusText0.0.4");
  EXPECT_EQ(ProtocolsOf("scrape_configs: [{job_name: x}]", /*protobuf_first=*/true), protobuf);
  EXPECT_EQ(ProtocolsOf("scrape_configs: [{job_name: x, scrape_protocols: [PrometheusText0.0.4]}]",
                        /*protobuf_first=*/true),
            "PrometheusText0.0.4");
}

TEST(ConfigTest, ErrorsNameFileLineAndKey) {
  const std::pair<const char*, const char*> cases[] = {
      {"global:\n  scrape_intervall: 15s\n",
       "parsing YAML file /etc/p/prometheus.yml: line 2: field scrape_intervall not found in type "
       "config.plain"},
      {"scrape_configs:\n- job_name: a\nscrape_configs:\n- job_name: b\n",
       "line 3: field scrape_configs already set in type config.plain"},
      {"global:\n  external_labels:\n    a: x\n    a: y\n",
       "line 4: mapping key \"a\" already defined at line 3"},
      {"global:\n  scrape_interval: 15\n", "line 2: not a valid duration string: \"15\""},
      {"global: [a]\n", "line 1: cannot unmarshal !!seq into config.plain"},
      {"scrape_configs:\n- job_name: a\n  relabel_configs:\n  - {regex: '(', target_label: x}\n",
       "line 4: error parsing regexp"},
      {"scrape_configs:\n- job_name: a\n- job_name: a\n",
       "found multiple scrape configs with job name \"a\""},
      {"scrape_configs:\n- job_name: ''\n", "line 2: job_name is empty"},
      {"scrape_configs:\n-\n", "empty or null scrape config section"},
      {"scrape_configs: [{job_name: a, basic_auth: {username: u}, bearer_token: t}]",
       "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured"},
      {"scrape_configs: [{job_name: a, scrape_interval: 5s, scrape_timeout: 6s}]",
       "scrape timeout greater than scrape interval for scrape config with job name \"a\""},
      {"scrape_configs: [{job_name: a, dns_sd_configs: [{nmes: [x]}]}]",
       "field nmes not found in type dns.plain"},
      {"scrape_configs: [{job_name: a, nodns_sd_configs: []}]",
       "field nodns_sd_configs not found in type config.plain"},
      {"scrape_configs: [{job_name: a, honor_labels: 'true'}]",
       "cannot unmarshal !!str `true` into bool"},
  };
  for (const auto& [text, error] : cases) {
    EXPECT_NE(ErrorOf(text).find(error), std::string::npos) << text << "\ngave: " << ErrorOf(text);
    EXPECT_EQ(ErrorOf(text).find('\n'), std::string::npos) << "one line";
  }
}

TEST(ConfigFuzzTest, MutatedFilesNeverCrash) {
  constexpr uint32_t kSeed = 77;
  std::mt19937 random(kSeed);
  SCOPED_TRACE(kSeed);
  for (int i = 0; i < 1500; ++i) {
    std::string text(kTypical);
    for (unsigned n = 1 + random() % 3; n > 0; --n) {
      const size_t at = random() % text.size();
      static constexpr std::string_view kBytes = "\n :-[]{}*&!|>'\"#%x0";
      if (random() % 2 == 0) {
        text.erase(at, 1 + random() % 8);
      } else {
        text.insert(at, 1, kBytes[random() % kBytes.size()]);
      }
    }
    if (const auto config = LoadText(text); config.ok()) {
      const auto again = LoadText(ToYaml(*config));
      EXPECT_TRUE(again.ok()) << again.status() << "\n" << text;
    }
  }
}

TEST(ConfigTest, GlobalLimitsFlowIntoScrapeConfigs) {
  const auto config = LoadText(
      "global: {body_size_limit: 1MB, sample_limit: 1, label_limit: 2, label_name_length_limit: 3, "
      "label_value_length_limit: 4, target_limit: 5, keep_dropped_targets: 6}\n"
      "scrape_configs: [{job_name: a}, {job_name: b, sample_limit: 7, body_size_limit: 2MB}]");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->scrape_configs[0].limits, config->global.limits);
  EXPECT_EQ(config->scrape_configs[0].limits.keep_dropped_targets, 6u);
  ScrapeLimits own = config->global.limits;
  own.sample_limit = 7;
  own.body_size_limit.bytes = 2 << 20;
  EXPECT_EQ(config->scrape_configs[1].limits, own);
}

TEST(ConfigTest, BearerTokensBecomeAuthorization) {
  const auto config = LoadText(
      "scrape_configs: [{job_name: a, bearer_token: t}, {job_name: b, bearer_token_file: t.txt}]");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->scrape_configs[0].http.authorization->type, "Bearer");
  EXPECT_EQ(config->scrape_configs[0].http.authorization->credentials.value, "t");
  EXPECT_EQ(config->scrape_configs[1].http.authorization->credentials_file, "/etc/p/t.txt");
}

// Every section below, wherever it stands.
TEST(ConfigTest, DiscoverySectionsHaveDefaultsPathsAndSecrets) {
  const auto config = LoadText(
      "scrape_configs:\n"
      "- job_name: a\n"
      "  consul_sd_configs: [{username: u, password: hunter1}]\n"
      "  kubernetes_sd_configs: [{role: pod, kubeconfig_file: kube/../k.yml}]\n"
      "  dns_sd_configs: [{names: [x]}]\n"
      "  oci_sd_configs: [{key_file: oci.pem, key_passphrase: hunter2}]\n"
      "  openstack_sd_configs: [{role: instance, region: r, tls_config: {ca_file: c.pem}}]\n"
      "remote_write: [{url: 'http://x', azuread: {oauth: {client_secret: hunter3}}}]\n");
  ASSERT_TRUE(config.ok()) << config.status();
  const DiscoveryConfigs& discovery = config->scrape_configs[0].discovery;
  EXPECT_EQ(discovery.consul_sd_configs[0].server, "localhost:8500");
  EXPECT_EQ(discovery.consul_sd_configs[0].http.basic_auth->password.value, "hunter1");
  EXPECT_EQ(discovery.kubernetes_sd_configs[0].kubeconfig_file, "/etc/p/k.yml");
  EXPECT_EQ(discovery.dns_sd_configs[0].type, "SRV");
  EXPECT_EQ(discovery.oci_sd_configs[0].key_file, "/etc/p/oci.pem");
  EXPECT_EQ(discovery.openstack_sd_configs[0].tls_config.ca_file, "/etc/p/c.pem");
  EXPECT_EQ(config->remote_write[0].azuread->cloud, "AzurePublic");
  const std::string yaml = ToYaml(*config);
  EXPECT_EQ(yaml.find("hunter"), std::string::npos) << yaml;
  EXPECT_NE(yaml.find("refresh_interval: 30s"), std::string::npos) << yaml;
  const auto again = Load(yaml, "/etc/p/prometheus.yml", FakeEnvironment());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(ToYaml(*again), yaml);
}

TEST(ConfigTest, OneAuthenticationForEachRemoteWrite) {
  EXPECT_NE(ErrorOf("remote_write: [{url: 'http://x', sigv4: {region: r}, basic_auth: {}}]")
                .find("Currently configured: [basic_auth sigv4]"),
            std::string::npos);
  EXPECT_NE(ErrorOf("remote_write: [{url: 'http://x', sigv4: {access_key: a}}]")
                .find("must provide a AWS SigV4 Access key and Secret Key"),
            std::string::npos);
  EXPECT_NE(ErrorOf("remote_write: [{url: 'http://x', sigv4: {nonsense: a}}]")
                .find("field nonsense not found in type sigv4.plain"),
            std::string::npos);
}

TEST(ConfigTest, TheSystemReadsEmptyFilesAndNoFolders) {
  const std::string path = testing::TempDir() + "/empty.yml";
  std::ofstream(path).close();
  const auto empty = SystemEnvironment().read_file(path);
  ASSERT_TRUE(empty.ok()) << empty.status();
  EXPECT_EQ(*empty, "");
  EXPECT_FALSE(SystemEnvironment().read_file(testing::TempDir()).ok());
  EXPECT_FALSE(SystemEnvironment().read_file(path + ".gone").ok());
}

}  // namespace
}  // namespace hearth
