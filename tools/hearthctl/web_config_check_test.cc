#include "tools/hearthctl/web_config_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace hearth::hearthctl {
namespace {

using testing::HasSubstr;

TEST(WebConfigCheckTest, ChecksEachFileAndOpensCertificates) {
  const auto write = [](const std::string& name, std::string_view text) {
    const std::string path = testing::TempDir() + "/" + name;
    std::ofstream(path) << text;
    return path;
  };
  const std::string good = write("good.yml", "http_server_config: {http2: true}");
  const std::string bad = write("bad.yml", "nonsense: 1");
  const std::string tls =
      write("tls.yml", "tls_server_config: {cert_file: gone.pem, key_file: gone.key}");
  std::ostringstream out, err;
  EXPECT_EQ(CheckWebConfigFiles({good}, out, err), 0);
  EXPECT_EQ(out.str(), good + " SUCCESS\n");
  EXPECT_EQ(err.str(), "");
  EXPECT_EQ(CheckWebConfigFiles({bad, good, tls}, out, err), 1);
  EXPECT_THAT(err.str(), HasSubstr(bad + " FAILED: line 1: field nonsense not found"));
  EXPECT_THAT(err.str(), HasSubstr(tls + " FAILED: "));
  EXPECT_THAT(err.str(), HasSubstr("gone.pem"));
}

}  // namespace
}  // namespace hearth::hearthctl
