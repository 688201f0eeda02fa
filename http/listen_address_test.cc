#include "http/listen_address.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hearth::http {
namespace {

std::string Normal(std::string_view text) {
  const absl::StatusOr<ListenAddress> address = ParseListenAddress(text);
  if (!address.ok()) return std::string(address.status().message().data());
  return address->host + " " + std::to_string(address->port);
}

TEST(ListenAddressTest, ParsesTheFormsOfTheFlag) {
  EXPECT_EQ(Normal("0.0.0.0:9090"), "0.0.0.0 9090");
  EXPECT_EQ(Normal(":9090"), " 9090");
  EXPECT_EQ(Normal("[::1]:0"), "::1 0");
  EXPECT_EQ(Normal("localhost:65535"), "localhost 65535");
}

TEST(ListenAddressTest, RefusesOthers) {
  EXPECT_EQ(Normal("9090"), "listen tcp: address 9090: missing port in address");
  EXPECT_EQ(Normal("::1:9090"), "listen tcp: address ::1:9090: too many colons in address");
  EXPECT_EQ(Normal("a:65536"), "listen tcp: address a:65536: invalid port");
  EXPECT_EQ(Normal("a:"), "listen tcp: address a:: invalid port");
  EXPECT_EQ(Normal("[a:1"), "listen tcp: address [a:1: too many colons in address");
}

}  // namespace
}  // namespace hearth::http
