// config/yaml.h
//
// A YAML document as a tree with line numbers, and its printer. Aliases and merge keys (`<<`) are
// expanded here, so readers never see them. yaml-cpp does the scanning; it is included in yaml.cc
// only.
//
// Thread safety: YamlNode is a value.
#ifndef HEARTH_CONFIG_YAML_H_
#define HEARTH_CONFIG_YAML_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace hearth {

struct YamlEntry;

struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  int line = 0;         // 1-based, as is the column. An alias has its anchor's.
  int column = 0;       // In bytes; of a block scalar, that of its `|` or `>`.
  bool plain = false;   // A scalar without quotes: may stand for a number or a boolean.
  bool binary = false;  // A scalar tagged !!binary; `scalar` holds the bytes.
  std::string scalar;
  std::vector<YamlNode> items;
  std::vector<YamlEntry> entries;  // In the document's order; keys are scalars and may repeat.

  // Compares content; lines do not count.
  friend bool operator==(const YamlNode& a, const YamlNode& b);

  bool is_null() const { return kind == Kind::kNull; }
  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_map() const { return kind == Kind::kMap; }

  // The first entry with that key, or null.
  const YamlNode* Find(std::string_view key) const;
  // "!!map", "!!seq", "!!null", or "!!str `text`": how error messages name a node.
  std::string Describe() const;
};

// One key of a map and its value.
struct YamlEntry {
  YamlNode first;
  YamlNode second;
  friend bool operator==(const YamlEntry&, const YamlEntry&) = default;
};

// Bounds that keep a small file with aliases from becoming a large tree.
struct YamlLimits {
  size_t max_bytes = size_t{64} << 20;
  size_t max_nodes = 2'000'000;  // After expansion of aliases.
  int max_depth = 100;
};

// Reads the one document of `text`; an empty text is a null node. Duplicate keys are kept for the
// reader to refuse, which knows the type. kInvalidArgument: `line 3: …` for what is no YAML, more
// than one document, a limit hit, a key that is no scalar.
absl::StatusOr<YamlNode> ParseYaml(std::string_view text, const YamlLimits& limits = {});

// Appends a scalar with the quotes it needs, so that it reads back as the same string.
void AppendYamlString(std::string_view text, std::string* out);

// Appends `node` in block style, each line indented by `indent` blanks. Starts on a fresh line.
void AppendYaml(const YamlNode& node, int indent, std::string* out);

}  // namespace hearth

#endif  // HEARTH_CONFIG_YAML_H_
