#include "tools/hearthctl/rule_backfill.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "http/fake_api.h"
#include "model/text.h"
#include "rules/schedule.h"
#include "tools/hearthctl/exit_code.h"
#include "tsdb/inspection.h"

namespace hearth::hearthctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr TimeMs kStart = 1'700'000'000'000;

class RuleBackfillTest : public testing::Test {
 protected:
  RuleBackfillTest() {
    options_.url = api_.Url();
    options_.output_dir = Path("data");
    options_.start_ms = kStart;
    options_.end_ms = kStart + 600'000;
    options_.eval_interval_ms = 300'000;
    std::filesystem::remove_all(Path(""));
    std::filesystem::create_directories(Path(""));
  }
  static std::string Path(const std::string& name) {
    const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
    return StrCat(testing::TempDir(), "/backfill-", test->name(), "/", name);
  }
  std::string Write(const std::string& name, std::string_view text) {
    std::ofstream(Path(name)) << text;
    return Path(name);
  }
  int Run(const std::vector<std::string>& files) {
    std::ostringstream out, err;
    const int code = BackfillRules(options_, files, out, err);
    out_ = out.str();
    err_ = err.str();
    return code;
  }
  // The first evaluation of a group from kStart on.
  static TimeMs First(const std::string& file, TimeMs interval) {
    return Schedule(interval, GroupOffset(file, "g", interval), kStart - 1).next_ms();
  }
  static std::string Seconds(TimeMs ms) {
    std::string text = StrCat(ms / 1000, ".", 1000 + ms % 1000);
    return text.erase(text.find('.') + 1, 1);  // The thousand that keeps the zeros.
  }
  // Lets the server answer a query from `first` to `last`.
  void Answer(std::string_view query, TimeMs first, TimeMs last, TimeMs step,
              std::string_view result) {
    api_.Answer(
        StrCat("/api/v1/query_range?query=", query, "&start=", Seconds(first),
               "&end=", Seconds(last), "&step=", Seconds(step)),
        StrCat(R"({"status":"success","data":{"resultType":"matrix","result":)", result, "}}"));
  }
  // `labels t=v …` of all series in the data directory.
  std::vector<std::string> Written() {
    std::vector<std::string> lines;
    const auto inspection = Inspection::Open(options_.output_dir);
    EXPECT_TRUE(inspection.ok()) << inspection.status();
    if (!inspection.ok()) return lines;
    const TimeRange range{0, 2 * kStart};
    const auto querier = (*inspection)->db().NewQuerier(range).value();
    const SelectRequest request{{}, range};
    const auto sets = querier->Select({&request, 1}).value();
    SampleColumns columns;
    for (size_t i = 0; i < sets[0]->size(); ++i) {
      EXPECT_TRUE(sets[0]->Read(i, range, &columns).ok());
      lines.push_back(sets[0]->labels(i).ToString());
      for (size_t k = 0; k < columns.t.size(); ++k)
        StrAppend(&lines.back(), " ", columns.t[k], "=", columns.v[k]);
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }

  http::FakeApi api_;
  RuleBackfillOptions options_;
  std::string out_, err_;
};

TEST_F(RuleBackfillTest, WritesWhatTheServerAnswers) {
  const std::string file = Write(
      "r.yml",
      "groups: [{name: g, labels: {a: group, b: group}, rules: [{record: r, expr: up, labels: "
      "{b: rule, drop: ''}}, {alert: A, expr: up}]}]");
  const TimeMs first = First(file, 300'000);
  const TimeMs last = options_.end_ms;
  Answer("up", first, last, 300'000,
         StrCat(R"([{"metric":{"__name__":"up","job":"x","drop":"y"},"values":[[)", Seconds(first),
                R"(,"1.5"],[)", Seconds(first + 1), R"(,"+Inf"]]}])"));
  EXPECT_EQ(Run({file}), kExitSuccess) << err_ << api_.Requests().at(0);
  EXPECT_EQ(out_, StrCat(file, ", group g, rule r: 2 samples of 1 series\n"));
  const std::vector<std::string> written = Written();
  ASSERT_EQ(written.size(), 1u);
  EXPECT_EQ(written[0],
            StrCat("r{a=\"group\", b=\"rule\", job=\"x\"} ", first, "=1.5 ", first + 1, "=inf"));
  // A second time there is nothing new, and nothing wrong.
  EXPECT_EQ(Run({file}), kExitSuccess) << err_;
  EXPECT_EQ(Written(), written);
}

TEST_F(RuleBackfillTest, AsksPieceByPieceAtTheTimesOfTheGroup) {
  options_.end_ms = kStart + 3 * 3'600'000;
  const std::string file =
      Write("r.yml", "groups: [{name: g, interval: 1h, rules: [{record: r, expr: up}]}]");
  const TimeMs first = First(file, 3'600'000);
  Answer("up", first, kStart + 7'199'999, 3'600'000, "[]");
  Answer("up", first + 2 * 3'600'000, options_.end_ms, 3'600'000, "[]");
  EXPECT_EQ(Run({file}), kExitSuccess) << err_;
  EXPECT_EQ(api_.Requests().size(), 2u);
}

TEST_F(RuleBackfillTest, ARuleThatFailsDoesNotKeepTheOthers) {
  const std::string file = Write(
      "r.yml", "groups: [{name: g, rules: [{record: bad, expr: x}, {record: good, expr: y}]}]");
  const TimeMs first = First(file, 300'000);
  Answer("y", first, options_.end_ms, 300'000,
         StrCat(R"([{"metric":{},"values":[[)", Seconds(first), R"(,"7"]]}])"));
  EXPECT_EQ(Run({file}), kExitFailure);
  EXPECT_THAT(err_, HasSubstr(StrCat("rule importer error: ", file,
                                     ", group g, rule bad: HTTP status 404")));
  EXPECT_THAT(Written(), ElementsAre(StrCat("good ", first, "=7")));
}

TEST_F(RuleBackfillTest, AnswersThatAreNoneAreRefused) {
  const std::string file = Write("r.yml", "groups: [{name: g, rules: [{record: r, expr: y}]}]");
  const TimeMs first = First(file, 300'000);
  const std::pair<const char*, const char*> kAnswers[] = {
      {"5", "is no matrix"},
      {R"([{"metric":{"a":1},"values":[]}])", "is no matrix"},
      {R"([{"metric":{},"values":[[1]]}])", "is no matrix"},
      {R"([{"metric":{},"values":[[1,"x"]]}])", "has the value \"x\""},
      {R"([{"metric":{},"histograms":[]}])", "native histograms are not stored"},
  };
  for (const auto& [answer, error] : kAnswers) {
    Answer("y", first, options_.end_ms, 300'000, answer);
    EXPECT_EQ(Run({file}), kExitFailure) << answer;
    EXPECT_THAT(err_, HasSubstr(error)) << answer;
  }
}

TEST_F(RuleBackfillTest, FilesMustBeGoodAndHaveRecordingRules) {
  EXPECT_EQ(Run({Path("gone.yml")}), kExitFailure);
  EXPECT_THAT(err_, HasSubstr("rule importer parse error "));
  EXPECT_EQ(Run({Write("a.yml", "groups: [{name: g, rules: [{alert: A, expr: up}]}]")}),
            kExitFailure);
  EXPECT_THAT(err_, HasSubstr("no recording rules"));
  EXPECT_EQ(Run({Write("b.yml", "groups: [{name: g, rules: [{record: r}]}]")}), kExitFailure);
  EXPECT_THAT(err_, HasSubstr("field 'expr' must be set"));
  EXPECT_FALSE(std::filesystem::exists(Path("data")));
}

}  // namespace
}  // namespace hearth::hearthctl
