// Texts of PromQL beside Debian's Prometheus (2.42): formatted queries byte for byte, and the words
// in which broken ones are refused. What Prometheus 3 writes otherwise than Prometheus 2 is in a
// table; anything else that differs fails. docs/differences.md tells of these.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <random>

#include "blackbox/promql_corpus.h"
#include "blackbox/server_process.h"

namespace hearth::blackbox {
namespace {

constexpr uint32_t kSeed = 20'230'202;

struct Outcome {
  bool ok = false;
  std::string text;  // The data, as JSON unless it is a string; or the error without its frame.
};

Outcome Ask(const ServerProcess& server, const std::string& endpoint, const std::string& query) {
  const nlohmann::json json = server
                                  .Post("/api/v1/" + endpoint, "query=" + UrlEncode(query),
                                        {"Content-Type: application/x-www-form-urlencoded"})
                                  .Json();
  if (!json.is_object()) return {false, "no answer"};
  if (json.value("status", "") == "success") {
    const nlohmann::json& data = json["data"];
    return {true, data.is_string() ? data.get<std::string>() : data.dump()};
  }
  std::string error = json.value("error", "");
  const std::string frame = "invalid parameter \"query\": ";
  return {false, error.starts_with(frame) ? error.substr(frame.size()) : error};
}

class PromqlTextTest : public testing::Test {
 protected:
  void SetUp() override {
    if (FindProgram("prometheus").empty()) {
      GTEST_SKIP() << "prometheus (package prometheus) is not installed";
    }
    const uint16_t port = FreePort();
    prometheus_ = std::make_unique<ServerProcess>(
        std::vector<std::string>{FindProgram("prometheus"),
                                 "--config.file=" + directory_.Write("peer.yml", "global: {}\n"),
                                 "--storage.tsdb.path=" + directory_.Path("peer"),
                                 "--web.listen-address=127.0.0.1:" + std::to_string(port)},
        port, directory_.Path("peer.log"));
    hearth_ = StartHearth(directory_, "", {"--enable-feature=promql-experimental-functions"});
    ASSERT_TRUE(hearth_->WaitUntilOk("/-/ready")) << hearth_->process().Output();
    ASSERT_TRUE(prometheus_->WaitUntilOk("/-/ready")) << prometheus_->process().Output();
  }

  TempDir directory_;
  std::unique_ptr<ServerProcess> hearth_, prometheus_;
  const std::vector<std::string> corpus_ = PromqlCorpus();
};

// 1e+06: Prometheus 2 writes numbers from 1e6 on and small ones so, Prometheus 3 never.
bool HasExponent(const std::string& text) {
  for (size_t at = text.find('e'); at != std::string::npos; at = text.find('e', at + 1)) {
    const bool digit_before = at > 0 && std::isdigit(static_cast<unsigned char>(text[at - 1]));
    if (digit_before && at + 1 < text.size() && (text[at + 1] == '+' || text[at + 1] == '-')) {
      return true;
    }
  }
  return false;
}

// The corpus, and long expressions made of its pairs, of which many have to be split.
std::vector<std::string> WithLongOnes(const std::vector<std::string>& corpus) {
  constexpr std::pair<const char*, const char*> kFrames[] = {
      {"(", ")"},
      {"sum by (a, b) (", ")"},
      {"-(", ")"},
      {"max_over_time((", ")[5m:1m] offset 3m)"},
      {"label_replace(", ", \"aaaaaaaaaaaaaaaaaaaaaaaa\", \"b\", \"cccccccccccccccccccc\", \"d\")"},
      {"topk without (long_label_name) (3, ", ")"},
      {"", ""},
  };
  constexpr const char* kOperators[] = {
      " + ", " * on (job) group_left (x) ", " > bool ", " unless ignoring (a, b) ", " or ", " ^ "};
  std::vector<std::string> queries = corpus;
  std::mt19937 random(kSeed);
  for (int i = 0; i < 1500; ++i) {
    const auto& [open, close] = kFrames[random() % std::size(kFrames)];
    queries.push_back(open + corpus[random() % corpus.size()] +
                      kOperators[random() % std::size(kOperators)] +
                      corpus[random() % corpus.size()] + close);
  }
  return queries;
}

TEST_F(PromqlTextTest, FormattedQueriesAreThoseOfPrometheus) {
  int compared = 0, left_out = 0;
  for (const std::string& query : WithLongOnes(corpus_)) {
    const Outcome expected = Ask(*prometheus_, "format_query", query);
    if (!expected.ok) continue;
    // docs/differences.md: an infinity before a power.
    const bool power = expected.text.find("Inf") != std::string::npos &&
                       expected.text.find('^') != std::string::npos;
    if (HasExponent(expected.text) || power) {
      ++left_out;
      continue;
    }
    ++compared;
    EXPECT_EQ(Ask(*hearth_, "format_query", query).text, expected.text) << query;
  }
  std::cout << compared << " formatted queries compared, " << left_out
            << " left out for numbers that are written otherwise\n";
  EXPECT_GT(compared, 300);
}

// Formatting sorts the matchers of a selector.
void SortMatchers(nlohmann::json* node) {
  if (!node->is_structured()) return;
  if (node->is_object() && node->contains("matchers")) {
    nlohmann::json& matchers = (*node)["matchers"];
    std::sort(matchers.begin(), matchers.end());
  }
  for (nlohmann::json& child : *node) SortMatchers(&child);
}

nlohmann::json Tree(const ServerProcess& server, const std::string& query) {
  nlohmann::json tree = nlohmann::json::parse(Ask(server, "parse_query", query).text, nullptr,
                                              /*allow_exceptions=*/false);
  SortMatchers(&tree);
  return tree;
}

TEST_F(PromqlTextTest, FormattingAgainChangesNothingAndTheTreeIsTheSame) {
  int formatted = 0;
  for (const std::string& query : WithLongOnes(corpus_)) {
    const Outcome text = Ask(*hearth_, "format_query", query);
    if (!text.ok) continue;
    ++formatted;
    EXPECT_EQ(Ask(*hearth_, "format_query", text.text).text, text.text) << query;
    EXPECT_EQ(Tree(*hearth_, text.text), Tree(*hearth_, query)) << query;
  }
  EXPECT_GT(formatted, 500);
}

// Where the grammars differ: what Prometheus 2 says, what Hearth and Prometheus 3 say ("" =
// anything), and why.
struct Changed {
  std::string_view prometheus2, hearth, why;
};
constexpr Changed kChanged[] = {
    {"missing unit character in duration", "", "durations may be numbers and arithmetic"},
    {"bad duration syntax", "", "durations may be numbers and arithmetic"},
    {"expected duration", "", "durations may be numbers and arithmetic"},
    {"in subquery or range, expected", "", "durations may be numbers and arithmetic"},
    {"in subquery selector, expected", "", "durations may be numbers and arithmetic"},
    {"unexpected colon", "unexpected character", "durations may be numbers and arithmetic"},
    {"duration must be greater than 0", "", "an offset may be zero"},
    {"unexpected duration", "", "a duration is a number"},
    {"", "bad number or duration syntax", "numbers and durations are read alike"},
    {"not a valid duration string", "unknown unit", "the unit is named"},
    {"<Item ", "<op:@>", "the @ sign has a name"},
    {"unexpected string", "", "names may be quoted"},
    {"unexpected metric identifier", "", "any text is a label name"},
    {"unexpected \"(\"", "", "start(), end(), step() and range() are functions"},
    {"unexpected <op:/>", "", "</ and >/ are operators"},
    {"unexpected <op:", "/>", "</ and >/ are operators"},
    {"unexpected identifier \"fill", "<fill", "fill is a word of the language"},
    {"unknown function with name", "", "functions were added and taken away"},
    {"trailing commas not allowed", "", "a duration is a number"},
};

const Changed* FindChanged(const std::string& prometheus2, const std::string& hearth) {
  for (const Changed& row : kChanged) {
    if (prometheus2.find(row.prometheus2) != std::string::npos &&
        hearth.find(row.hearth) != std::string::npos) {
      return &row;
    }
  }
  return nullptr;
}

TEST_F(PromqlTextTest, BrokenQueriesAreRefusedInPrometheusWords) {
  std::vector<std::string> known;  // In the grammar of both.
  for (const std::string& query : corpus_) {
    if (Ask(*prometheus_, "format_query", query).ok) known.push_back(query);
  }
  PromqlMutator mutator(known, kSeed);
  std::map<std::string_view, int> changed;
  int equal = 0;
  for (int i = 0; i < 6000; ++i) {
    const std::string query = mutator.Next();
    const Outcome expected = Ask(*prometheus_, "format_query", query);
    const Outcome got = Ask(*hearth_, "format_query", query);
    if (expected.ok && got.ok) continue;
    if (expected.ok == got.ok && expected.text == got.text) {
      ++equal;
    } else if (const Changed* row = expected.ok ? nullptr : FindChanged(expected.text, got.text)) {
      ++changed[row->why];
    } else {
      ADD_FAILURE() << "query:      " << query << "\nPrometheus: " << expected.text
                    << "\nHearth:     " << got.text;
    }
  }
  std::cout << equal << " errors are equal to the letter\n";
  for (const auto& [why, count] : changed) std::cout << count << " differ: " << why << "\n";
  EXPECT_GT(equal, 2000);
}

}  // namespace
}  // namespace hearth::blackbox
