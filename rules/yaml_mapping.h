// rules/yaml_mapping.h
//
// Reads one mapping of a rule file or of a rule test, key by key, strictly: a key that nobody asked
// for, that comes twice, or whose value is of another kind is a finding with its line. All findings
// of a document are collected, in Prometheus' words.
//
//   YamlFindings findings;
//   YamlMapping group(node, "rulefmt.RuleGroup", &findings);
//   group.Text("name", &spec.name);
//   group.Items("rules", "[]rulefmt.Rule", [&](const YamlNode& rule) { … });
//   group.Finish();
//
// A null is the zero value, as in Go; in a list of mappings it is not there.
//
// Thread safety: one caller.
#ifndef HEARTH_RULES_YAML_MAPPING_H_
#define HEARTH_RULES_YAML_MAPPING_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/yaml.h"
#include "model/clock.h"

namespace hearth {

// What is wrong with a document.
class YamlFindings {
 public:
  explicit YamlFindings(bool ignore_unknown_fields = false)
      : ignore_unknown_fields_(ignore_unknown_fields) {}

  bool ignore_unknown_fields() const { return ignore_unknown_fields_; }
  bool empty() const { return findings_.empty(); }
  void Add(int line, std::string text) { findings_.emplace_back(line, std::move(text)); }
  // `cannot unmarshal !!seq into string`
  void AddType(const YamlNode& node, std::string_view type);
  // By lines: "yaml: unmarshal errors:\n  line 3: field x not found in type rulefmt.Rule".
  std::string Text() const;

 private:
  const bool ignore_unknown_fields_;
  std::vector<std::pair<int, std::string>> findings_;
};

class YamlMapping {
 public:
  // `type` is Go's name of what is read, for findings. A node that is no mapping is a finding, and
  // has no keys; so is one with a key that comes twice. Both pointers are borrowed.
  YamlMapping(const YamlNode& node, std::string_view type, YamlFindings* findings);

  // Each leaves its target alone when the key is absent or its value is not of the kind.
  void Text(std::string_view key, std::string* out);
  void Integer(std::string_view key, int64_t* out);
  void Number(std::string_view key, double* out);
  void Flag(std::string_view key, bool* out);
  void Duration(std::string_view key, TimeMs* out);
  void Texts(std::string_view key, std::vector<std::pair<std::string, std::string>>* out);
  void TextList(std::string_view key, std::vector<std::string>* out);
  // Calls `read` for each item of a list. `type` is that of the list: "[]rulefmt.Rule".
  void Items(std::string_view key, std::string_view type,
             const std::function<void(const YamlNode& item)>& read);
  // The value of a key that the caller reads; null when it is absent or null.
  const YamlNode* Value(std::string_view key);
  // Tells of the keys that nobody asked for. Call it last.
  void Finish();

 private:
  // The scalar of a key, without quotes where a `plain` one is asked for; null when there is none.
  const YamlNode* Scalar(std::string_view key, std::string_view type, bool plain);

  const YamlNode* node_ = nullptr;  // Null when there is nothing to read.
  const std::string_view type_;
  YamlFindings* const findings_;
  std::vector<bool> used_;  // By entry.
};

}  // namespace hearth

#endif  // HEARTH_RULES_YAML_MAPPING_H_
