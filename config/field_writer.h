// config/field_writer.h
//
// Turns the structs of config.h back into a YAML tree by walking their Fields: empty values left
// out unless Fields says otherwise, secrets as `<secret>`. Internal to config/.
#ifndef HEARTH_CONFIG_FIELD_WRITER_H_
#define HEARTH_CONFIG_FIELD_WRITER_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/fields.h"
#include "config/yaml.h"

namespace hearth {

YamlNode ToYamlNode(const std::string& value);
YamlNode ToYamlNode(bool value);
YamlNode ToYamlNode(int64_t value);
YamlNode ToYamlNode(uint64_t value);
YamlNode ToYamlNode(double value);
YamlNode ToYamlNode(Duration value);
YamlNode ToYamlNode(ByteSize value);
YamlNode ToYamlNode(const Secret& value);
inline YamlNode ToYamlNode(const YamlNode& value) { return value; }
template <typename T>
YamlNode ToYamlNode(const std::vector<T>& list);
template <typename T>
YamlNode ToYamlNode(const std::map<std::string, T>& map);
template <typename T>
YamlNode ToYamlNode(const T& section);

namespace config_internal {

YamlNode PlainScalar(std::string text);

inline bool IsEmptyValue(const std::string& v) { return v.empty(); }
inline bool IsEmptyValue(const Secret& v) { return v.empty(); }
inline bool IsEmptyValue(bool v) { return !v; }
inline bool IsEmptyValue(int64_t v) { return v == 0; }
inline bool IsEmptyValue(uint64_t v) { return v == 0; }
inline bool IsEmptyValue(double v) { return v == 0; }
inline bool IsEmptyValue(Duration v) { return v.ms == 0; }
inline bool IsEmptyValue(ByteSize v) { return v.bytes == 0; }
template <typename T>
bool IsEmptyValue(const std::vector<T>& v) {
  return v.empty();
}
template <typename T>
bool IsEmptyValue(const std::map<std::string, T>& v) {
  return v.empty();
}
template <typename T>
bool IsEmptyValue(const T& section) {
  return ToYamlNode(section).entries.empty();
}

// The visitor that Fields calls.
class FieldWriter {
 public:
  FieldWriter() { node_.kind = YamlNode::Kind::kMap; }

  template <typename T>
  void operator()(std::string_view key, T* field, Show show = Show::kUnlessEmpty) {
    if (show == Show::kUnlessEmpty && IsEmptyValue(*field)) return;
    Add(key, ToYamlNode(*field));
  }
  // What was given is shown, whatever its value.
  template <typename T>
  void operator()(std::string_view key, std::optional<T>* field, Show = Show::kUnlessEmpty) {
    if (*field) Add(key, ToYamlNode(**field));
  }
  template <typename T>
  void List(std::string_view key, std::vector<T>* field, std::string_view) {
    (*this)(key, field);
  }
  template <typename T>
  void Path(std::string_view key, T* field, Show show = Show::kUnlessEmpty) {
    (*this)(key, field, show);
  }
  template <typename T>
  void Discovery(std::string_view key, std::vector<T>* field) {
    (*this)(key, field);
  }
  template <typename T>
  void Inline(T* section) {
    Fields(*this, *section);
  }

  YamlNode Take() { return std::move(node_); }

 private:
  void Add(std::string_view key, YamlNode value) {
    node_.entries.push_back({PlainScalar(std::string(key)), std::move(value)});
  }
  YamlNode node_;
};

}  // namespace config_internal

template <typename T>
YamlNode ToYamlNode(const std::vector<T>& list) {
  YamlNode node;
  node.kind = YamlNode::Kind::kList;
  for (const T& item : list) node.items.push_back(ToYamlNode(item));
  return node;
}

template <typename T>
YamlNode ToYamlNode(const std::map<std::string, T>& map) {
  YamlNode node;
  node.kind = YamlNode::Kind::kMap;
  for (const auto& [key, value] : map) {
    YamlNode name;
    name.kind = YamlNode::Kind::kScalar;
    name.scalar = key;
    node.entries.push_back({std::move(name), ToYamlNode(value)});
  }
  return node;
}

template <typename T>
YamlNode ToYamlNode(const T& section) {
  config_internal::FieldWriter writer;
  T copy = section;  // Fields takes a mutable struct, since the reader fills it.
  Fields(writer, copy);
  return writer.Take();
}

}  // namespace hearth

#endif  // HEARTH_CONFIG_FIELD_WRITER_H_
