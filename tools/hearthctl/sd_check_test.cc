#include "tools/hearthctl/sd_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "http/fake_api.h"

namespace hearth::hearthctl {
namespace {

using testing::HasSubstr;

class SdCheckTest : public testing::Test {
 protected:
  std::string Write(const std::string& name, std::string_view text) {
    const std::string path =
        std::filesystem::path(testing::TempDir() + "/" + name).lexically_normal().string();
    std::ofstream(path) << text;
    return path;
  }
  int Check(const std::string& path, const std::string& job) {
    std::ostringstream out, err;
    const int code = CheckServiceDiscovery(options_, path, job, out, err);
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  SdCheckOptions options_;
  std::string out_, err_;
};

TEST_F(SdCheckTest, PrintsWhatPromtoolPrints) {
  const std::string targets = Write("t.json", R"([{"targets": ["f:1", "b:1", "http://bad/", "f:1"],
                       "labels": {"__meta_x": "<y>"}}])");
  const std::string config = Write("sd.yml", R"(
scrape_configs:
- job_name: web
  file_sd_configs: [{files: [t.json]}]
  relabel_configs:
  - {source_labels: [__address__], regex: "b.*", action: drop}
  - {source_labels: [__meta_x], target_label: x}
)");
  EXPECT_EQ(Check(config, "web"), 0) << err_;
  const auto discovered = [&](const std::string& address) {
    return "  {\n    \"discoveredLabels\": {\n      \"__address__\": \"" + address +
           "\",\n      \"__meta_filepath\": \"" + targets + "\"" + R"(,
      "__meta_x": "\u003cy\u003e",
      "__metrics_path__": "/metrics",
      "__scheme__": "http",
      "__scrape_interval__": "1m",
      "__scrape_timeout__": "10s",
      "job": "web"
    },
)";
  };
  EXPECT_EQ(out_, "[\n" + discovered("f:1") + R"(    "labels": {
      "__address__": "f:1",
      "__metrics_path__": "/metrics",
      "__scheme__": "http",
      "__scrape_interval__": "1m",
      "__scrape_timeout__": "10s",
      "instance": "f:1",
      "job": "web",
      "x": "\u003cy\u003e"
    }
  },
)" + discovered("b:1") +
                      R"(    "labels": {}
  },
  {
    "discoveredLabels": {},
    "labels": {},
    "error": {}
  }
])");
  EXPECT_THAT(err_, HasSubstr("is not a valid hostname"));
}

TEST_F(SdCheckTest, WaitsForProvidersAndGivesUpAtTheTimeout) {
  http::FakeApi api;
  api.Answer("/sd", R"([{"targets": ["h:1"]}])");
  const std::string config =
      Write("sd.yml", "scrape_configs:\n- {job_name: web, http_sd_configs: [{url: '" + api.Url() +
                          "/sd'}, {url: '" + api.Url() + "/gone'}]}\n- {job_name: other}\n");
  EXPECT_EQ(Check(config, "web"), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("\"__address__\": \"h:1\""));
  EXPECT_THAT(err_, HasSubstr("server returned HTTP status 404"));
  EXPECT_EQ(Check(config, "other"), 0) << err_;
  EXPECT_EQ(out_, "[]");
  api.Hold();
  options_.timeout_ms = 1;
  EXPECT_EQ(Check(config, "web"), 0) << err_;
  EXPECT_EQ(out_, "[]");
}

TEST_F(SdCheckTest, NamesTheJobsThereAre) {
  const std::string config = Write("sd.yml", "scrape_configs: [{job_name: a}, {job_name: b}]");
  EXPECT_EQ(Check(config, "c"), 1);
  EXPECT_EQ(err_, "Job c not found. Select one of:\n\ta\n\tb\n");
  EXPECT_EQ(Check(Write("bad.yml", "x: y"), "a"), 1);
  EXPECT_THAT(err_, HasSubstr("Cannot load config "));
}

}  // namespace
}  // namespace hearth::hearthctl
