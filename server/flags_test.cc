#include "server/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hearth {
namespace {

absl::StatusOr<CommandLine> Parse(std::vector<const char*> args) {
  args.insert(args.begin(), "hearth");
  return ParseCommandLine(static_cast<int>(args.size()), args.data());
}

std::string ErrorOf(std::vector<const char*> args) {
  return std::string(Parse(std::move(args)).status().message());
}

TEST(FlagsTest, DefaultsArePrometheusExceptRetention) {
  const absl::StatusOr<CommandLine> command = Parse({});
  ASSERT_TRUE(command.ok()) << command.status();
  const Flags& flags = command->flags;
  EXPECT_EQ(flags.config_file, "prometheus.yml");
  EXPECT_THAT(flags.listen_addresses, testing::ElementsAre("0.0.0.0:9090"));
  EXPECT_EQ(flags.retention_ms, int64_t{30} * 24 * 3600 * 1000);
  EXPECT_EQ(flags.retention_bytes, 0);
  EXPECT_EQ(flags.query_timeout_ms, 120'000);
  EXPECT_EQ(flags.as_text.at("query.max-samples"), "50000000");
  EXPECT_EQ(flags.as_text.at("storage.tsdb.path"), "data/");
}

TEST(FlagsTest, TakesTheCommandLineOfACommonComposeFile) {
  const absl::StatusOr<CommandLine> command =
      Parse({"--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus",
             "--web.console.libraries=/etc/prometheus/console_libraries",
             "--web.console.templates=/etc/prometheus/consoles",
             "--storage.tsdb.retention.time=200h", "--web.enable-lifecycle"});
  ASSERT_TRUE(command.ok()) << command.status();
  EXPECT_EQ(command->flags.retention_ms, int64_t{200} * 3600 * 1000);
  EXPECT_TRUE(command->flags.enable_lifecycle);
  EXPECT_THAT(command->flags.without_meaning,
              testing::UnorderedElementsAre("--web.console.libraries", "--web.console.templates"));
}

TEST(FlagsTest, BooleansHaveANoForm) {
  const absl::StatusOr<CommandLine> command =
      Parse({"--no-scrape.adjust-timestamps", "--web.enable-admin-api=true",
             "--no-storage.tsdb.wal-compression"});
  ASSERT_TRUE(command.ok()) << command.status();
  EXPECT_FALSE(command->flags.adjust_timestamps);
  EXPECT_TRUE(command->flags.enable_admin_api);
}

TEST(FlagsTest, NotificationsHaveAQueueAndBatches) {
  const auto defaults = Parse({});
  ASSERT_TRUE(defaults.ok()) << defaults.status();
  EXPECT_EQ(defaults->flags.notification_queue_capacity, 10'000);
  EXPECT_EQ(defaults->flags.notification_batch_size, 256);
  EXPECT_TRUE(defaults->flags.drain_notification_queue);
  const auto given = Parse({"--alertmanager.notification-queue-capacity=5",
                            "--alertmanager.notification-batch-size=2",
                            "--no-alertmanager.drain-notification-queue-on-shutdown"});
  ASSERT_TRUE(given.ok()) << given.status();
  EXPECT_EQ(given->flags.notification_queue_capacity, 5);
  EXPECT_EQ(given->flags.notification_batch_size, 2);
  EXPECT_FALSE(given->flags.drain_notification_queue);
  EXPECT_TRUE(given->flags.without_meaning.empty());
  EXPECT_THAT(ErrorOf({"--alertmanager.notification-queue-capacity=0"}),
              testing::HasSubstr("must be at least 1"));
  EXPECT_THAT(ErrorOf({"--alertmanager.notification-batch-size=0"}),
              testing::HasSubstr("must be at least 1"));
}

TEST(FlagsTest, AutoReloadHasAnIntervalOfAtLeastASecond) {
  const auto command = Parse({"--config.auto-reload", "--config.auto-reload-interval=5s"});
  ASSERT_TRUE(command.ok()) << command.status();
  EXPECT_TRUE(command->flags.auto_reload);
  EXPECT_EQ(command->flags.auto_reload_interval_ms, 5000);
  EXPECT_TRUE(Parse({"--enable-feature=auto-reload-config"})->flags.auto_reload);
  EXPECT_FALSE(Parse({"--config.auto-reload", "--config.auto-reload-interval=500ms"}).ok());
}

TEST(FlagsTest, SizeAloneMeansNoTimeLimit) {
  const absl::StatusOr<CommandLine> command = Parse({"--storage.tsdb.retention.size=512MB"});
  ASSERT_TRUE(command.ok()) << command.status();
  EXPECT_EQ(command->flags.retention_ms, 0);
  EXPECT_EQ(command->flags.retention_bytes, int64_t{512} << 20);
}

TEST(FlagsTest, FeaturesAndAddressesMayRepeat) {
  const absl::StatusOr<CommandLine> command =
      Parse({"--enable-feature=a,b", "--enable-feature=c", "--web.listen-address=:1",
             "--web.listen-address=127.0.0.1:2"});
  ASSERT_TRUE(command.ok()) << command.status();
  EXPECT_TRUE(command->flags.HasFeature("b"));
  EXPECT_TRUE(command->flags.HasFeature("c"));
  EXPECT_THAT(command->flags.listen_addresses, testing::ElementsAre("0.0.0.0:1", "127.0.0.1:2"));
}

TEST(FlagsTest, NamesFeaturesWithoutEffect) {
  const absl::StatusOr<CommandLine> command =
      Parse({"--enable-feature=promql-experimental-functions,use-start-timestamps,exemplar-storage,"
             "native-histograms,nonsense"});
  ASSERT_TRUE(command.ok()) << command.status();
  EXPECT_THAT(command->flags.FeaturesWithoutEffect(),
              testing::ElementsAre("native-histograms", "nonsense"));
}

TEST(FlagsTest, TheMemoryLimitIsASizeNoneOrNotGiven) {
  EXPECT_EQ(Parse({})->flags.memory_limit_bytes, -1);
  EXPECT_EQ(Parse({"--memory-limit=0B"})->flags.memory_limit_bytes, 0);
  EXPECT_EQ(Parse({"--memory-limit=256MB"})->flags.memory_limit_bytes, 256 << 20);
  EXPECT_THAT(ErrorOf({"--memory-limit=47MB"}), testing::HasSubstr("at least 48MB"));
}

TEST(FlagsTest, ErrorsAreOneLineAndNameTheFlag) {
  EXPECT_THAT(ErrorOf({"--storage.tsdb.retention=1d"}),
              testing::HasSubstr("--storage.tsdb.retention"));
  EXPECT_THAT(ErrorOf({"--query.timeout=soon"}), testing::HasSubstr("--query.timeout=soon"));
  EXPECT_THAT(ErrorOf({"--query.max-samples=many"}), testing::HasSubstr("--query.max-samples"));
  EXPECT_THAT(ErrorOf({"--log.level=loud"}), testing::HasSubstr("debug, info, warn, error"));
  EXPECT_THAT(ErrorOf({"stray"}), testing::HasSubstr("stray"));
  EXPECT_THAT(ErrorOf({"--no-such-flag"}), testing::Not(testing::HasSubstr("\n")));
}

TEST(FlagsTest, HelpAndVersionPrint) {
  EXPECT_THAT(Parse({"--help"})->print_and_exit,
              testing::HasSubstr("--storage.tsdb.retention.time"));
  EXPECT_THAT(Parse({"--version"})->print_and_exit, testing::StartsWith("hearth, version "));
}

}  // namespace
}  // namespace hearth
