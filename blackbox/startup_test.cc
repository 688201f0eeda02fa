// What a person sees when Hearth cannot start, and that it stops cleanly.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "blackbox/server_process.h"

namespace hearth::blackbox {
namespace {

using testing::HasSubstr;

struct Exit {
  int code;
  std::string output;
};

// Runs Hearth until it exits by itself.
Exit RunHearth(const TempDir& directory, std::vector<std::string> flags) {
  flags.insert(flags.begin(), HearthBinary());
  const std::string log = directory.Path("refusal.log");
  std::filesystem::remove(log);
  Process process(flags, log, {}, directory.path());
  const std::optional<int> code = process.Wait(seconds(30));
  return {code.value_or(-1), process.Output()};
}

int ErrorLines(const std::string& output) {
  int lines = 0;
  size_t at = 0;
  while ((at = output.find("level=ERROR", at)) != std::string::npos) ++lines, ++at;
  return lines;
}

class StartupTest : public testing::Test {
 protected:
  // Flags that would start, for a test to break one of.
  std::vector<std::string> Good() {
    return {"--config.file=" + directory_.Write("ok.yml", "global: {}\n"),
            "--storage.tsdb.path=" + directory_.Path("data"),
            "--web.listen-address=127.0.0.1:" + std::to_string(FreePort())};
  }
  std::vector<std::string> With(const std::string& flag) {
    std::vector<std::string> flags = Good();
    flags.push_back(flag);
    return flags;
  }
  void ExpectRefusal(const std::vector<std::string>& flags, const std::string& text) {
    const Exit exit = RunHearth(directory_, flags);
    EXPECT_EQ(exit.code, 1) << exit.output;
    EXPECT_THAT(exit.output, HasSubstr(text));
    EXPECT_EQ(ErrorLines(exit.output), 1) << exit.output;
  }
  TempDir directory_;
};

TEST_F(StartupTest, RefusesAnUnknownFlag) {
  ExpectRefusal(With("--no-such-flag"), "--no-such-flag");
}

TEST_F(StartupTest, RefusesABadFlagValue) {
  ExpectRefusal(With("--query.timeout=soon"), "not a valid duration string");
}

TEST_F(StartupTest, RefusesAMissingConfiguration) {
  std::vector<std::string> flags = Good();
  flags[0] = "--config.file=/nonexistent/prometheus.yml";
  ExpectRefusal(flags, "/nonexistent/prometheus.yml");
}

TEST_F(StartupTest, RefusesAPortInUse) {
  std::unique_ptr<ServerProcess> first = StartHearth(directory_);
  ASSERT_TRUE(first->WaitUntilOk("/-/ready")) << first->process().Output();
  ExpectRefusal({"--config.file=" + directory_.Write("ok.yml", ""),
                 "--storage.tsdb.path=" + directory_.Path("other"),
                 "--web.listen-address=127.0.0.1:" + std::to_string(first->port())},
                "address already in use");
}

TEST_F(StartupTest, RefusesALockedDataDirectory) {
  std::unique_ptr<ServerProcess> first = StartHearth(directory_);
  ASSERT_TRUE(first->WaitUntilOk("/-/ready")) << first->process().Output();
  ExpectRefusal(Good(), "lock");
}

TEST_F(StartupTest, RefusesADataPathThatIsAFile) {
  std::vector<std::string> flags = Good();
  flags[1] = "--storage.tsdb.path=" + directory_.Write("file", "x");
  ExpectRefusal(flags, "not a directory");
}

TEST_F(StartupTest, RefusesAnUnwritableDataPath) {
  std::vector<std::string> flags = Good();
  // Root writes everywhere but into /proc.
  flags[1] = "--storage.tsdb.path=/proc/hearth-data";
  ExpectRefusal(flags, "/proc/hearth-data");
}

TEST_F(StartupTest, RefusesALogOfANewerVersion) {
  std::filesystem::create_directories(directory_.Path("data/hearth/wal"));
  const std::string bytes("HEARTHWL\2\0\0\0\1\0\0\0", 16);
  const std::string segment = directory_.Write("data/hearth/wal/00000001", bytes);
  ExpectRefusal(Good(),
                "wal/00000001\\\" has format version 2; this version of Hearth reads up to 1");
  EXPECT_EQ(std::filesystem::file_size(segment), bytes.size());
}

TEST_F(StartupTest, StopsCleanlyOnSigterm) {
  std::unique_ptr<ServerProcess> server = StartHearth(directory_);
  ASSERT_TRUE(server->WaitUntilOk("/-/ready")) << server->process().Output();
  EXPECT_EQ(server->process().Terminate(seconds(10)), 0) << server->process().Output();
}

TEST_F(StartupTest, QuitsOnRequest) {
  std::unique_ptr<ServerProcess> server = StartHearth(directory_);
  ASSERT_TRUE(server->WaitUntilOk("/-/ready")) << server->process().Output();
  EXPECT_EQ(server->Post("/-/quit").status, 200);
  EXPECT_EQ(server->process().Wait(seconds(10)), 0);
}

TEST_F(StartupTest, NamesFlagsWithoutMeaning) {
  std::unique_ptr<ServerProcess> server =
      StartHearth(directory_, "", {"--web.console.libraries=/x"});
  ASSERT_TRUE(server->WaitUntilOk("/-/ready")) << server->process().Output();
  EXPECT_THAT(server->process().Output(), HasSubstr("--web.console.libraries"));
}

TEST_F(StartupTest, LeavesAPrometheusDirectoryAlone) {
  std::filesystem::create_directories(directory_.Path("data/wal"));
  directory_.Write("data/wal/00000000", "prometheus' own");
  std::unique_ptr<ServerProcess> server = StartHearth(directory_);
  ASSERT_TRUE(server->WaitUntilOk("/-/ready")) << server->process().Output();
  server->process().Terminate();
  EXPECT_EQ(std::filesystem::file_size(directory_.Path("data/wal/00000000")), 15u);
  EXPECT_TRUE(std::filesystem::is_directory(directory_.Path("data/hearth")));
}

}  // namespace
}  // namespace hearth::blackbox
