#include "tsdb/inspection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "tsdb/db_fixture.h"

namespace hearth {
namespace {

namespace fs = std::filesystem;

class InspectionTest : public DbTest {
 protected:
  void SetUp() override {
    DbTest::SetUp();
    for (TimeMs t = kNow - 3 * kHour; t < kNow; t += kMinute) PushAll(5, t);
    ASSERT_TRUE(db_->Compact().ok());
    db_.reset();
  }
  // Every file with its bytes.
  std::map<std::string, std::string> Files() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(options_.path)) {
      if (!entry.is_regular_file()) continue;
      std::ostringstream bytes;
      bytes << std::ifstream(entry.path(), std::ios::binary).rdbuf();
      files[entry.path().string()] = bytes.str();
    }
    return files;
  }
};

TEST_F(InspectionTest, AnswersLikeAServerAndChangesNothing) {
  const auto before = Files();
  {
    auto inspection = Inspection::Open(options_.path);
    ASSERT_TRUE(inspection.ok()) << inspection.status();
    Db& db = (*inspection)->db();
    uint64_t samples = 0;
    for (const SealedPart& part : db.SealedParts()) {
      samples += part.info.samples;
      EXPECT_GT(part.bytes, 0u);
      EXPECT_TRUE(db.VerifySealed(part.info.id).ok());
    }
    EXPECT_EQ(samples, 2u * 5 * 60);
    EXPECT_EQ(db.Stats().head.series, 5u);
    EXPECT_EQ(db.Stats().range.maxt, kNow - kMinute);
  }
  EXPECT_EQ(Files(), before);
}

TEST_F(InspectionTest, ReportsDamageAndLeavesIt) {
  fs::path victim;
  for (const auto& entry : fs::directory_iterator(Hearth("store"))) {
    if (entry.path().extension() == ".sst") victim = entry.path();
  }
  {
    std::fstream file(victim, std::ios::in | std::ios::out | std::ios::binary);
    file.put('\x77');
    file.put('\x66');
  }
  const auto before = Files();
  {
    auto inspection = Inspection::Open(options_.path);
    ASSERT_TRUE(inspection.ok()) << inspection.status();
    int damaged = 0;
    for (const SealedPart& part : (*inspection)->db().SealedParts()) {
      damaged += absl::IsDataLoss((*inspection)->db().VerifySealed(part.info.id));
    }
    EXPECT_EQ(damaged, 1);
  }
  EXPECT_EQ(Files(), before);
}

TEST_F(InspectionTest, RefusesWhatAServerHasAndWhatIsNoDataDirectory) {
  Reopen();
  EXPECT_EQ(Inspection::Open(options_.path).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Inspection::Open(folder_.path() + "/none").status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace hearth
