#include "tools/tidy/tidy.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <sstream>

#include "re2/re2.h"

namespace hearth::tidy {
namespace {

// One folder and what it may include besides itself. "tsdb/storage.h" style entries allow one
// header. "*" allows everything.
struct Room {
  std::string_view folder;
  std::vector<std::string_view> may_include;
};

// Of tsdb's own folder its parts see the words they share, not the facade.
#define TSDB_WORDS                                                                            \
  "tsdb/storage.h", "tsdb/file_system.h", "tsdb/kill_point.h", "tsdb/lsn.h", "tsdb/window.h", \
      "tsdb/merge_columns.h"

// ARCHITECTURE.md shows this table as a picture. Longer folders stand first where one contains
// another.
const std::vector<Room>& Rooms() {
  static const std::vector<Room> rooms = {
      {"model", {}},
      {"metrics", {"model"}},
      {"http", {"model", "metrics"}},
      {"proto", {"model"}},
      {"config", {"model"}},
      {"tsdb/chunk", {"model", TSDB_WORDS}},
      {"tsdb/index", {"model", TSDB_WORDS}},
      {"tsdb/wal", {"model", TSDB_WORDS}},
      {"tsdb/deletes", {"model", TSDB_WORDS, "tsdb/index", "tsdb/wal"}},
      {"tsdb/exemplars", {"model", TSDB_WORDS}},
      {"tsdb/head",
       {"model", TSDB_WORDS, "tsdb/change_log.h", "tsdb/chunk", "tsdb/deletes", "tsdb/exemplars",
        "tsdb/index", "tsdb/wal"}},
      {"tsdb/store", {"model", TSDB_WORDS, "tsdb/chunk", "tsdb/index"}},
      {"tsdb/compact",
       {"model", TSDB_WORDS, "tsdb/change_log.h", "tsdb/merge_columns.h", "tsdb/chunk",
        "tsdb/deletes", "tsdb/index", "tsdb/head", "tsdb/store", "tsdb/wal"}},
      {"tsdb", {"model", "tsdb"}},
      {"scrape/discovery",
       {"model", "metrics", "config", "http", "scrape/discovery", "scrape/http_settings.h"}},
      {"scrape/exposition", {"model"}},
      {"scrape", {"model", "metrics", "config", "http", "scrape", "tsdb/storage.h"}},
      {"query/parse", {"model", "query/functions/spec.h"}},
      {"query/functions", {"model", "query/parse", "tsdb/storage.h"}},
      {"query/plan", {"model", "query/parse", "query/functions", "tsdb/storage.h"}},
      {"query/exec", {"model", "query/parse", "query/functions", "query/plan", "tsdb/storage.h"}},
      {"query/testing", {"*"}},
      {"query", {"model", "metrics", "query", "tsdb/storage.h"}},
      {"rules/template", {"model"}},
      {"rules",
       {"model", "metrics", "config", "http", "query", "rules/template", "scrape/discovery",
        "scrape/http_settings.h", "tsdb/storage.h"}},
      {"remote", {"model", "metrics", "config", "http", "proto", "tsdb/storage.h"}},
      {"api/grpc", {"model", "metrics", "proto", "query", "api/receive", "tsdb/storage.h"}},
      {"api/receive", {"model", "metrics", "http", "proto", "tsdb/storage.h"}},
      {"api",
       {"model", "metrics", "http", "proto", "config", "query", "scrape/status.h", "rules/status.h",
        "rules/alertmanager_status.h", "tsdb/storage.h", "api"}},
      {"web", {"model", "http"}},
      {"server", {"*"}},
      {"tools", {"*"}},
      {"blackbox", {"model", "http", "proto", "blackbox"}},
  };
  return rooms;
}

// A library and the folders that may include its headers. Tests may use what they test.
struct LibraryRule {
  std::string_view include_prefix;
  std::vector<std::string_view> folders;
};

const std::vector<LibraryRule>& LibraryRules() {
  static const std::vector<LibraryRule> rules = {
      {"rocksdb/", {"tsdb/store"}},
      {"boost/", {"http"}},
      {"ares", {"scrape/discovery"}},
      {"openssl/", {"http", "config"}},
      {"grpcpp/", {"api/grpc", "blackbox"}},
      {"protozero/", {"api/receive", "remote", "scrape/exposition"}},
      {"yaml-cpp/", {"config", "rules", "scrape/discovery", "tools"}},
      {"nlohmann/", {"http", "scrape/discovery", "tools", "blackbox", "api"}},
      {"re2/", {"model", "config", "query", "rules/template", "tools"}},
      {"CLI/", {"server", "tools"}},
      {"isa-l", {"tsdb/wal", "http", "scrape"}},
      {"roaring", {"tsdb/index"}},
  };
  return rules;
}

struct BannedWord {
  std::string_view pattern;  // RE2.
  std::string_view instead;
  enum class Where { kEverywhere, kTests, kProduct } where = Where::kEverywhere;
};

const std::vector<BannedWord>& BannedWords() {
  static const std::vector<BannedWord> words = {
      {R"(\babsl::(Mutex|MutexLock|CondVar)\b)",
       "use model/mutex.h: TSan cannot see into Debian's absl::Mutex"},
      {R"(\bstd::regex\b)", "use RE2 through model/matcher.h or config/relabel.h"},
      {R"(\busing namespace\b)", "name what you use"},
      {R"(\b(TO)DO\b([^(]|\([^#]|$))", "finish it, or name the issue: the word with (#12)"},
      {R"(\b(FIX)ME\b|\bXX)"
       R"(X\b)",
       "finish it"},
      {R"(\bstd::(cout|cerr)\b|\bprintf\s*\()",
       "leftover debugging: log with spdlog, return text, or write to a stream given",
       BannedWord::Where::kProduct},
      {R"(\bthrow\b\s+[A-Za-z:])", "return absl::Status"},
      {R"(sleep_for|sleep_until|\busleep\b|\bsleep\s*\(|SleepFor)",
       "wait for a condition with a deadline", BannedWord::Where::kTests},
      {R"(DISABLED_)", "a test that does not run is dead code", BannedWord::Where::kTests},
      {R"(\bstd::shared_mutex\b|\bstd::lock_guard\b|\bstd::unique_lock\b|\bstd::scoped_lock\b)",
       "use model/mutex.h so that the lock annotations hold"},
  };
  return words;
}

// Files that a banned word may stand in, because defining or wrapping the thing is their job.
bool IsExempt(std::string_view path) {
  static const std::set<std::string_view> exempt = {
      "model/mutex.h",
      "config/yaml.cc",  // yaml-cpp ends a parse by exception only; the file catches its own.
  };
  const bool commandline_output = path.starts_with("tools/") || path.starts_with("server/");
  return exempt.contains(path) || path.starts_with("tools/tidy/") || commandline_output;
}

bool IsTest(std::string_view path) {
  return path.ends_with("_test.cc") || path.ends_with("_benchmark.cc") ||
         path.ends_with("_fuzz.cc") || path.starts_with("query/testing/") ||
         path.starts_with("tools/crashtest/") || path.starts_with("blackbox/");
}

// Headers that only tests may include: fakes, the naive evaluator.
bool IsTestOnlyHeader(std::string_view include) {
  return include.starts_with("query/testing/") ||
         include.find("_fixture.h") != std::string_view::npos ||
         include.find("/fake_") != std::string_view::npos ||
         include.find("/fault_") != std::string_view::npos || include.ends_with("/sync_journal.h");
}

bool IsTestOnlyFile(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  // Testonly binaries: they run test code by hand.
  return IsTest(path) || path.starts_with("tools/conformance/") ||
         path.starts_with("tools/promdiff/") || name.starts_with("fake_") ||
         name.starts_with("fault_") || name.starts_with("sync_journal") ||
         name == "drop_unsynced.cc" || name.find("_fixture.") != std::string_view::npos ||
         name.find("_test_base.") != std::string_view::npos;
}

const Room* FindRoom(std::string_view path) {
  const Room* best = nullptr;
  for (const Room& room : Rooms()) {
    const bool inside = path.starts_with(room.folder) && path.size() > room.folder.size() &&
                        path[room.folder.size()] == '/';
    if (inside && (best == nullptr || room.folder.size() > best->folder.size())) best = &room;
  }
  return best;
}

bool MayInclude(const Room& room, std::string_view include) {
  const Room* target = FindRoom(include);
  if (target == &room) return true;
  return std::any_of(room.may_include.begin(), room.may_include.end(),
                     [&](std::string_view allowed) {
                       return allowed == "*" || include == allowed ||
                              (include.starts_with(allowed) && include.size() > allowed.size() &&
                               include[allowed.size()] == '/');
                     });
}

struct Include {
  int line;
  std::string path;
  bool quoted;
};

std::vector<Include> IncludesOf(const SourceFile& file) {
  static const RE2 pattern(R"(^\s*#\s*include\s*(["<])([^">]+)[">])");
  std::vector<Include> includes;
  std::istringstream lines(file.text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    std::string quote, path;
    if (RE2::PartialMatch(line, pattern, &quote, &path)) {
      includes.push_back({number, path, quote == "\""});
    }
  }
  return includes;
}

std::string At(const SourceFile& file, int line, const std::string& text) {
  return file.path + ":" + std::to_string(line) + ": " + text;
}

}  // namespace

std::string RoomOf(std::string_view path) {
  const Room* room = FindRoom(path);
  return room == nullptr ? "" : std::string(room->folder);
}

std::vector<std::string> CheckIncludes(const SourceFile& file) {
  std::vector<std::string> violations;
  const Room* room = FindRoom(file.path);
  if (room == nullptr) {
    return {
        At(file, 1, "folder is not in the table of tools/tidy/tidy.cc: say what it may include")};
  }
  for (const Include& include : IncludesOf(file)) {
    for (const LibraryRule& rule : LibraryRules()) {
      if (!include.path.starts_with(rule.include_prefix)) continue;
      const bool allowed =
          std::any_of(rule.folders.begin(), rule.folders.end(),
                      [&](std::string_view folder) { return file.path.starts_with(folder); });
      if (!allowed && !IsTest(file.path)) {
        violations.push_back(At(
            file, include.line,
            "<" + include.path + "> belongs to " + std::string(rule.folders.front()) + " alone"));
      }
    }
    const Room* target = FindRoom(include.path);
    if (!include.quoted || target == nullptr) continue;
    if (IsTestOnlyHeader(include.path) && !IsTestOnlyFile(file.path)) {
      violations.push_back(At(file, include.line, include.path + " is for tests only"));
    } else if (!IsTest(file.path) && !IsTestOnlyFile(file.path) &&
               !MayInclude(*room, include.path)) {
      violations.push_back(At(file, include.line,
                              "forbidden edge " + std::string(room->folder) + " -> " +
                                  std::string(target->folder) + " (" + include.path + ")"));
    }
    if (include.path == "tsdb/db.h" && !file.path.starts_with("server/") &&
        !file.path.starts_with("tools/") && !file.path.starts_with("tsdb/") &&
        file.path.find("admin") == std::string::npos && !IsTest(file.path)) {
      violations.push_back(
          At(file, include.line,
             "tsdb/db.h is for server, tools and the admin API: use tsdb/storage.h"));
    }
  }
  return violations;
}

std::vector<std::string> CheckBannedWords(const SourceFile& file) {
  std::vector<std::string> violations;
  if (IsExempt(file.path)) return violations;
  static const std::vector<std::unique_ptr<RE2>> patterns = [] {
    std::vector<std::unique_ptr<RE2>> compiled;
    for (const BannedWord& word : BannedWords()) {
      compiled.push_back(std::make_unique<RE2>("(" + std::string(word.pattern) + ")"));
    }
    return compiled;
  }();
  const bool test = IsTest(file.path);
  std::istringstream lines(file.text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    for (size_t i = 0; i < patterns.size(); ++i) {
      const BannedWord& word = BannedWords()[i];
      if (word.where == BannedWord::Where::kTests && !test) continue;
      if (word.where == BannedWord::Where::kProduct && test) continue;
      // Prose may say "throw": only code counts, except for unfinished work, which hides in
      // comments.
      const size_t comment = line.find("//");
      const bool whole_line = word.pattern.find("(TO)") != std::string_view::npos ||
                              word.pattern.find("(FIX)") != std::string_view::npos;
      const std::string text = whole_line ? line : line.substr(0, comment);
      std::string match;
      if (RE2::PartialMatch(text, *patterns[i], &match)) {
        violations.push_back(At(file, number, "'" + match + "': " + std::string(word.instead)));
      }
    }
  }
  return violations;
}

std::vector<std::string> CheckCycles(const std::vector<SourceFile>& files) {
  // Edges between top-level folders, each with the first file that makes it.
  std::map<std::string, std::map<std::string, std::string>> edges;
  const auto top = [](std::string_view path) {
    return std::string(path.substr(0, path.find('/')));
  };
  for (const SourceFile& file : files) {
    if (IsTest(file.path) || IsTestOnlyFile(file.path)) continue;
    for (const Include& include : IncludesOf(file)) {
      if (!include.quoted || FindRoom(include.path) == nullptr) continue;
      if (top(file.path) != top(include.path))
        edges[top(file.path)].emplace(top(include.path), file.path);
    }
  }
  std::vector<std::string> violations;
  std::set<std::string> done;
  std::vector<std::string> path;
  const std::function<void(const std::string&)> visit = [&](const std::string& folder) {
    const auto open = std::find(path.begin(), path.end(), folder);
    if (open != path.end()) {
      std::string text = "cycle: ";
      for (auto it = open; it != path.end(); ++it) {
        const std::string& next = std::next(it) == path.end() ? folder : *std::next(it);
        text += *it + " -> (" + edges[*it][next] + ") ";
      }
      violations.push_back(text + "-> " + folder);
      return;
    }
    if (!done.insert(folder).second) return;
    path.push_back(folder);
    for (const auto& [next, file] : edges[folder]) visit(next);
    path.pop_back();
  };
  std::vector<std::string> folders;
  for (const auto& [folder, targets] : edges) folders.push_back(folder);
  for (const std::string& folder : folders) visit(folder);
  return violations;
}

}  // namespace hearth::tidy
