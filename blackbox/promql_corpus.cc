#include "blackbox/promql_corpus.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace hearth::blackbox {
namespace {

namespace fs = std::filesystem;

// The query of a line of a script: `eval instant at 5m QUERY`, `eval range from A to B step C
// QUERY`; else "".
std::string QueryOfLine(const std::string& line) {
  std::istringstream in(line);
  std::string word, mode;
  if (!(in >> word >> mode) || !word.starts_with("eval")) return "";
  const int skip = mode == "instant" ? 2 : mode == "range" ? 6 : -1;
  if (skip < 0) return "";
  for (int i = 0; i < skip; ++i) in >> word;
  std::string query;
  std::getline(in >> std::ws, query);
  return query;
}

void AddScripts(const fs::path& folder, std::set<std::string>* queries) {
  if (!fs::is_directory(folder)) return;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".test") continue;
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);) queries->insert(QueryOfLine(line));
  }
}

// Lines of a digit, a tab and a query.
void AddComplianceQueries(const fs::path& file, std::set<std::string>* queries) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.size() > 2 && line[1] == '\t') queries->insert(line.substr(2));
  }
}

std::string Environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "." : value;
}

bool IsWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.'; }

// Where the token that begins at `at` ends: a string, a word, white space, or one character.
size_t TokenEnd(const std::string& text, size_t at) {
  const char first = text[at];
  size_t end = at + 1;
  if (first == '"' || first == '\'') {
    while (end < text.size() && text[end] != first) end += text[end] == '\\' ? 2 : 1;
    return std::min(end + 1, text.size());
  }
  const auto same = [&](char c) { return IsWord(first) ? IsWord(c) : first == ' ' && c == ' '; };
  while (end < text.size() && same(text[end])) ++end;
  return end;
}

std::vector<std::string> Tokens(const std::string& text) {
  std::vector<std::string> tokens;
  for (size_t at = 0; at < text.size();) {
    const size_t end = TokenEnd(text, at);
    tokens.push_back(text.substr(at, end - at));
    at = end;
  }
  return tokens;
}

constexpr const char* kPieces[] = {
    "(",        ")",          "{",       "}",       "[",     "]",    ",",        ":",
    "=",        "==",         "=~",      "!~",      "by",    "or",   "without",  "ignoring",
    " on ",     "group_left", "offset ", "@",       "bool ", "-",    "+",        "*",
    "^",        "5m",         "1",       "0x",      "\"",    "'",    "`",        "foo",
    "sum",      "rate",       "start()", "a:b",     "topk",  "!",    " unless ", "$",
    "\xc3\xa9", "1.5.",       "5m3",     "\"\\x\"", "\n",    "#c\n", "Inf"};

}  // namespace

std::vector<std::string> PromqlCorpus() {
  std::set<std::string> queries;
  AddScripts(
      fs::path(Environment("TEST_SRCDIR")) / Environment("TEST_WORKSPACE") / "testdata/promql",
      &queries);
  const fs::path shared = fs::path(Environment("HEARTH_SHARED")) / "conformance";
  AddScripts(shared / "promqltest", &queries);
  AddComplianceQueries(shared / "compliance/promql/expanded-queries.tsv", &queries);
  queries.erase("");
  queries.insert("up");
  return {queries.begin(), queries.end()};
}

void PromqlMutator::Mutate(std::vector<std::string>* tokens) {
  if (tokens->empty()) return;
  const size_t at = Below(tokens->size());
  const auto place = tokens->begin() + static_cast<std::ptrdiff_t>(at);
  switch (Below(8)) {
    case 0:
    case 1:
    case 2:
      tokens->erase(place);
      break;
    case 3:
      tokens->insert(place, std::string((*tokens)[at]));
      break;
    case 4:
      tokens->resize(at);
      break;
    case 5:
      std::swap((*tokens)[at], (*tokens)[Below(tokens->size())]);
      break;
    default:
      tokens->insert(place, kPieces[Below(std::size(kPieces))]);
  }
}

std::string PromqlMutator::Next() {
  std::vector<std::string> tokens = Tokens(corpus_[Below(corpus_.size())]);
  Mutate(&tokens);
  if (Below(4) == 0) Mutate(&tokens);
  std::string text;
  for (const std::string& token : tokens) text += token;
  return text;
}

}  // namespace hearth::blackbox
