#include "config/yaml.h"

#include <gtest/gtest.h>

#include <random>

#include "model/text.h"

namespace hearth {
namespace {

YamlNode Parsed(std::string_view text) {
  auto node = ParseYaml(text);
  EXPECT_TRUE(node.ok()) << node.status();
  return node.ok() ? *std::move(node) : YamlNode{};
}

TEST(YamlTest, KeepsLinesKindsAndOrder) {
  const YamlNode root = Parsed("b: 1\na:\n  - x\n  - 'y z'\nn:\nm: {k: v}\n");
  ASSERT_TRUE(root.is_map());
  ASSERT_EQ(root.entries.size(), 4u);
  EXPECT_EQ(root.entries[0].first.scalar, "b");
  EXPECT_TRUE(root.entries[0].second.plain);
  EXPECT_EQ(root.Find("a")->items[1].scalar, "y z");
  EXPECT_FALSE(root.Find("a")->items[1].plain);
  EXPECT_EQ(root.Find("a")->items[1].line, 4);
  EXPECT_TRUE(root.Find("n")->is_null());
  EXPECT_EQ(root.Find("m")->Find("k")->scalar, "v");
  EXPECT_TRUE(Parsed("").is_null());
}

TEST(YamlTest, KeepsColumns) {
  const YamlNode root = Parsed("a:\n  - k: v\n    b: |\n      text\n  - {x: 'y'}\n");
  const YamlNode& first = root.Find("a")->items[0];
  EXPECT_EQ(first.column, 5);
  EXPECT_EQ(first.entries[0].first.column, 5);
  EXPECT_EQ(first.Find("k")->column, 8);
  EXPECT_EQ(first.Find("b")->column, 8);
  EXPECT_EQ(first.Find("b")->line, 3);
  EXPECT_EQ(root.Find("a")->items[1].Find("x")->column, 9);
}

TEST(YamlTest, ExpandsAliasesAndMergeKeys) {
  const YamlNode root = Parsed("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\nalias: *b\n");
  const YamlNode* use = root.Find("use");
  ASSERT_EQ(use->entries.size(), 2u);
  EXPECT_EQ(use->Find("x")->scalar, "1");
  EXPECT_EQ(use->Find("y")->scalar, "3");
  EXPECT_EQ(root.Find("alias")->Find("y")->scalar, "2");
}

TEST(YamlTest, BinaryScalarsAreDecoded) {
  EXPECT_EQ(Parsed("a: !!binary \"/w==\"").Find("a")->scalar, "\xff");
  EXPECT_EQ(ParseYaml("a: !!binary \"/w==$1\"").status().message(),
            "line 1: !!binary value contains invalid base64 data");
}

TEST(YamlTest, RefusesBrokenAndSecondDocuments) {
  EXPECT_EQ(ParseYaml("a: 1\n---\nb: 2\n").status().message(),
            "line 3: only one YAML document is allowed");
  EXPECT_TRUE(ParseYaml("---\na: 1\n---\n").ok());
  for (const char* text :
       {"a: [1", "a: *nope", "a: &x [*x]", "{[a]: b}", "\ta: 1", "a: 'b", "<<: 1"}) {
    EXPECT_FALSE(ParseYaml(text).ok()) << text;
  }
}

TEST(YamlTest, AliasesCannotGrowBeyondTheLimit) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    StrAppend(&bomb, "a", i, ": &a", i, " [");
    for (int k = 0; k < 9; ++k) StrAppend(&bomb, "*a", i - 1, ", ");
    StrAppend(&bomb, "x]\n");
  }
  EXPECT_NE(std::string(ParseYaml(bomb).status().message()).find("nodes"), std::string::npos);
  EXPECT_FALSE(ParseYaml(std::string(5000, '[')).ok());
}

TEST(YamlTest, PrintedScalarsReadBackAsTheSameStrings) {
  for (const char* text :
       {"",     "a",  "true",       "1",        "1.5",   "-x",    "a: b", "a #b",
        "'",    "\"", "x\ny",       "<secret>", "a:b",   "null",  "$1",   "(.*)some-[regex]",
        "0x1f", "1m", "2020-01-01", "@",        " lead", "trail "}) {
    std::string out = "k: ";
    AppendYamlString(text, &out);
    const YamlNode node = Parsed(out);
    ASSERT_TRUE(node.is_map()) << out;
    EXPECT_TRUE(node.Find("k")->is_scalar()) << out;
    EXPECT_EQ(node.Find("k")->scalar, text) << out;
  }
}

TEST(YamlTest, PrintedTreesReadBack) {
  const YamlNode root = Parsed("a: [x, {k: v, l: [1, 2]}, [p, q], {}, []]\nb: {c: {d: e}}\n");
  std::string once, twice;
  AppendYaml(root, 0, &once);
  AppendYaml(Parsed(once), 0, &twice);
  EXPECT_EQ(once, twice);
  EXPECT_EQ(Parsed(once).Find("a")->items[1].Find("l")->items[1].scalar, "2") << once;
}

TEST(YamlFuzzTest, MutatedDocumentsNeverCrash) {
  const std::string seed_text =
      "a: &x\n  - {k: v, 'q': \"w\\n\"}\n  - *x\nb: |\n  text\n  more\n? c\n: !!binary /w==\n<<: "
      "{d: e}\n";
  constexpr uint32_t kSeed = 20240607;
  std::mt19937 random(kSeed);
  SCOPED_TRACE(kSeed);
  for (int i = 0; i < 4000; ++i) {
    std::string text = seed_text;
    for (unsigned n = 1 + random() % 4; n > 0; --n) {
      const size_t at = random() % text.size();
      static constexpr std::string_view kBytes = "\n :-[]{}*&!|>'\"#%@\t?\x80x";
      if (random() % 3 == 0) {
        text.erase(at, 1 + random() % 3);
      } else {
        text.insert(at, 1, kBytes[random() % kBytes.size()]);
      }
      if (text.empty()) text = "x";
    }
    const auto node = ParseYaml(text, {.max_nodes = 10'000});
    EXPECT_TRUE(node.ok() || !node.status().message().empty());
  }
}

TEST(YamlTest, PlainTextOfSeveralLinesIsPrintedInQuotes) {
  const auto node = ParseYaml("a: one\n  two\nb: 0x10\nc: caf\xc3\xa9\n");
  ASSERT_TRUE(node.ok()) << node.status();
  std::string printed;
  AppendYaml(*node, 0, &printed);
  EXPECT_EQ(printed.substr(0, printed.find("c:")), "a: one two\nb: 0x10\n");
  const auto again = ParseYaml(printed);
  ASSERT_TRUE(again.ok()) << again.status() << printed;
  EXPECT_EQ(again->Find("c")->scalar, "caf\xc3\xa9");
  YamlNode lines;
  lines.kind = YamlNode::Kind::kScalar;
  lines.plain = true;
  lines.scalar = "one: two\nthree";
  YamlNode map;
  map.kind = YamlNode::Kind::kMap;
  map.entries.push_back({*node->Find("a"), lines});
  printed.clear();
  AppendYaml(map, 0, &printed);
  EXPECT_EQ(ParseYaml(printed)->entries[0].second.scalar, lines.scalar) << printed;
}

TEST(YamlTest, LongKeysReadBack) {
  const std::string key(2000, 'k');
  const auto node = ParseYaml("a:\n  ? " + key + "\n  : b: c\n");
  ASSERT_TRUE(node.ok()) << node.status();
  std::string printed;
  AppendYaml(*node, 0, &printed);
  const auto again = ParseYaml(printed);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, *node);
}

}  // namespace
}  // namespace hearth
