// Walks the rows of fields.h: every key of the configuration stands in a table of
// docs/configuration.md, with a state and what shows it, and that table names nothing else.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "config/fields.h"

namespace hearth {
namespace {

// The visitor that Fields calls: collects `section.key`. What stands in many places (http_config,
// tls_config, relabel_config, discovery) is a section of its own.
class KeyCollector {
 public:
  template <typename T>
  void operator()(std::string_view key, T* field, Show = Show::kUnlessEmpty) {
    Add(key, field);
  }
  template <typename T>
  void Path(std::string_view key, T* field, Show = Show::kUnlessEmpty) {
    Add(key, field);
  }
  template <typename T>
  void List(std::string_view key, std::vector<T>* field, std::string_view) {
    Add(key, field);
  }
  template <typename T>
  void Discovery(std::string_view key, std::vector<T>*) {
    T item;
    Section(std::string(key), &item);
  }
  template <typename T>
  void Inline(T* section) {
    Fields(*this, *section);
  }
  void Inline(HttpClientConfig* http) { Section("http_config", http); }
  void Inline(DiscoveryConfigs* discovery) { Fields(*this, *discovery); }

  // Walks `value` as a section with a name of its own.
  template <typename T>
  void Section(const std::string& name, T* value) {
    std::string outer = name;
    std::swap(prefix_, outer);
    Fields(*this, *value);
    std::swap(prefix_, outer);
  }
  const std::set<std::string>& keys() const { return keys_; }

 private:
  template <typename T>
  void Add(std::string_view key, T* field) {
    const std::string name = prefix_.empty() ? std::string(key) : prefix_ + "." + std::string(key);
    keys_.insert(name);
    Descend(name, field);
  }
  void Descend(const std::string&, TlsConfig* tls) { Section("tls_config", tls); }
  void Descend(const std::string&, RelabelConfig* rule) { Section("relabel_config", rule); }
  template <typename T>
  void Descend(const std::string& name, std::optional<T>*) {
    T value{};
    Descend(name, &value);
  }
  template <typename T>
  void Descend(const std::string& name, std::vector<T>*) {
    T value{};
    Descend(name, &value);
  }
  template <typename T>
  void Descend(const std::string& name, std::map<std::string, T>*) {
    T value{};
    Descend(name, &value);
  }
  template <typename T>
  void Descend(const std::string& name, T* value) {
    if constexpr (requires { Fields(*this, *value); }) Section(name, value);
  }

  std::string prefix_;
  std::set<std::string> keys_;
};

struct Row {
  int line;
  std::string key;  // Ends with `.*` for a whole section.
  std::string state, shown_by;
};

std::string Trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(' ');
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

// The rows of the tables under `## Every key`. A first cell may name several keys in backticks;
// after the first, `.key` stands for a key of the same section.
std::vector<Row> ReadRows() {
  std::ifstream in("docs/configuration.md");
  std::vector<Row> rows;
  bool inside = false;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.rfind("## ", 0) == 0) inside = line == "## Every key";
    if (!inside || line.rfind("| `", 0) != 0) continue;
    std::vector<std::string> cells;
    for (size_t at = 1; at < line.size();) {
      const size_t end = std::min(line.find('|', at), line.size());
      cells.push_back(Trimmed(line.substr(at, end - at)));
      at = end + 1;
    }
    cells.resize(3);
    std::string section;
    for (size_t open = cells[0].find('`'); open != std::string::npos;) {
      const size_t close = cells[0].find('`', open + 1);
      std::string key = cells[0].substr(open + 1, close - open - 1);
      if (key[0] == '.') key = section + key;
      section = key.substr(0, key.rfind('.') == std::string::npos ? 0 : key.rfind('.'));
      rows.push_back({number, key, cells[1], cells[2]});
      open = cells[0].find('`', close + 1);
    }
  }
  return rows;
}

bool Covers(const std::string& row, const std::string& key) {
  if (row.size() < 2 || row.substr(row.size() - 2) != ".*") return row == key;
  return key.rfind(row.substr(0, row.size() - 1), 0) == 0;
}

TEST(DocumentedKeysTest, EveryKeyHasARowAndEveryRowAKey) {
  KeyCollector collector;
  Config config;
  Fields(collector, config);
  const std::vector<Row> rows = ReadRows();
  ASSERT_GT(rows.size(), 100u);
  std::set<const Row*> used;
  for (const std::string& key : collector.keys()) {
    bool covered = false;
    for (const Row& row : rows) {
      if (!Covers(row.key, key)) continue;
      covered = true;
      used.insert(&row);
    }
    EXPECT_TRUE(covered) << key << " has no row in docs/configuration.md";
  }
  for (const Row& row : rows) {
    EXPECT_TRUE(used.count(&row) > 0) << "line " << row.line << ": " << row.key << " is no key";
  }
}

TEST(DocumentedKeysTest, EveryRowSaysWhatTheKeyDoesAndWhatShowsIt) {
  static const std::set<std::string> kStates = {"in force", "a section", "checked, shown",
                                                "next start"};
  for (const Row& row : ReadRows()) {
    EXPECT_TRUE(kStates.count(row.state) > 0) << "line " << row.line << ": " << row.state;
    EXPECT_TRUE(row.state == "a section" || !row.shown_by.empty()) << "line " << row.line;
    if (row.state == "in force" || row.state == "next start") {
      EXPECT_NE(row.shown_by.find("_test"), std::string::npos) << "line " << row.line;
    }
  }
}

}  // namespace
}  // namespace hearth
