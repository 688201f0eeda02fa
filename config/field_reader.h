// config/field_reader.h
//
// Fills the structs of config.h from a YAML tree by walking their Fields. Strict: a key that no
// Fields names, or that comes twice, is an error with its line. Internal to config/.
//
//   HEARTH_RETURN_IF_ERROR(ReadYaml(root, &config));
#ifndef HEARTH_CONFIG_FIELD_READER_H_
#define HEARTH_CONFIG_FIELD_READER_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "config/checks.h"
#include "config/config.h"
#include "config/discovery_checks.h"
#include "config/fields.h"
#include "config/idle_discovery_checks.h"
#include "config/yaml.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth {

// Scalars. A null sets the zero value, as in Go. Errors: `line 4: cannot unmarshal !!seq into
// string`.
absl::Status ReadYaml(const YamlNode& node, std::string* out);
absl::Status ReadYaml(const YamlNode& node, bool* out);
absl::Status ReadYaml(const YamlNode& node, int64_t* out);
absl::Status ReadYaml(const YamlNode& node, uint64_t* out);
absl::Status ReadYaml(const YamlNode& node, double* out);
absl::Status ReadYaml(const YamlNode& node, Duration* out);
absl::Status ReadYaml(const YamlNode& node, ByteSize* out);
absl::Status ReadYaml(const YamlNode& node, Secret* out);
absl::Status ReadYaml(const YamlNode& node, YamlNode* out);
template <typename T>
absl::Status ReadYaml(const YamlNode& node, std::optional<T>* out);
template <typename T>
absl::Status ReadYaml(const YamlNode& node, std::vector<T>* out);
template <typename T>
absl::Status ReadYaml(const YamlNode& node, std::map<std::string, T>* out);
// A struct with Fields. A null leaves the defaults.
template <typename T>
absl::Status ReadYaml(const YamlNode& node, T* out);

namespace config_internal {

absl::Status TypeError(const YamlNode& node, std::string_view type);
// Prefixes the line unless the message has one.
absl::Status AtLine(int line, absl::Status status);

// The visitor that Fields calls.
class FieldReader {
 public:
  FieldReader(const YamlNode& node, std::string_view type)
      : node_(node), type_(type), used_(node.entries.size()) {}

  template <typename T>
  void operator()(std::string_view key, T* field, Show = Show::kUnlessEmpty) {
    const YamlNode* value = Take(key);
    if (value == nullptr || !status_.ok()) return;
    status_ = ReadYaml(*value, field);
  }

  template <typename T>
  void Path(std::string_view key, T* field, Show = Show::kUnlessEmpty) {
    (*this)(key, field);
  }
  template <typename T>
  void Discovery(std::string_view key, std::vector<T>* field) {
    List(key, field, StrCat("empty or null section in ", key));
  }

  // A list of sections none of which may be empty.
  template <typename T>
  void List(std::string_view key, std::vector<T>* field, std::string_view null_message) {
    const YamlNode* value = Take(key);
    if (value == nullptr || !status_.ok()) return;
    for (const YamlNode& item : value->items) {
      if (item.is_null()) {
        status_ = AtLine(item.line, absl::InvalidArgumentError(ToAbsl(null_message)));
        return;
      }
    }
    status_ = ReadYaml(*value, field);
  }

  template <typename T>
  void Inline(T* section) {
    Fields(*this, *section);
  }

  // The first error; otherwise that of a key which nobody asked for.
  absl::Status Finish();

 private:
  const YamlNode* Take(std::string_view key);

  const YamlNode& node_;
  const std::string_view type_;
  std::vector<bool> used_;
  absl::Status status_;
};

}  // namespace config_internal

template <typename T>
absl::Status ReadYaml(const YamlNode& node, std::optional<T>* out) {
  if (node.is_null()) return absl::OkStatus();
  T value{};
  HEARTH_RETURN_IF_ERROR(ReadYaml(node, &value));
  *out = std::move(value);
  return absl::OkStatus();
}

template <typename T>
absl::Status ReadYaml(const YamlNode& node, std::vector<T>* out) {
  out->clear();
  if (node.is_null()) return absl::OkStatus();
  if (!node.is_list()) return config_internal::TypeError(node, "a list");
  out->reserve(node.items.size());
  for (const YamlNode& item : node.items) {
    out->emplace_back();
    HEARTH_RETURN_IF_ERROR(ReadYaml(item, &out->back()));
  }
  return absl::OkStatus();
}

template <typename T>
absl::Status ReadYaml(const YamlNode& node, std::map<std::string, T>* out) {
  out->clear();
  if (node.is_null()) return absl::OkStatus();
  if (!node.is_map()) return config_internal::TypeError(node, "a map");
  std::map<std::string_view, int> lines;
  for (const auto& [key, value] : node.entries) {
    if (const auto [it, fresh] = lines.emplace(key.scalar, key.line); !fresh) {
      return absl::InvalidArgumentError(StrCat("line ", key.line, ": mapping key \"", key.scalar,
                                               "\" already defined at line ", it->second));
    }
    HEARTH_RETURN_IF_ERROR(ReadYaml(value, &(*out)[key.scalar]));
  }
  return absl::OkStatus();
}

template <typename T>
absl::Status ReadYaml(const YamlNode& node, T* out) {
  if (node.is_null()) return absl::OkStatus();
  const std::string_view type = YamlTypeName(*out);
  if (!node.is_map()) return config_internal::TypeError(node, type);
  config_internal::FieldReader reader(node, type);
  Fields(reader, *out);
  HEARTH_RETURN_IF_ERROR(reader.Finish());
  return config_internal::AtLine(node.line, Check(*out));
}

}  // namespace hearth

#endif  // HEARTH_CONFIG_FIELD_READER_H_
