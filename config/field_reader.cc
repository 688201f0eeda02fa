#include "config/field_reader.h"

#include <charconv>

#include "config/duration.h"

namespace hearth {
namespace config_internal {

absl::Status TypeError(const YamlNode& node, std::string_view type) {
  return absl::InvalidArgumentError(
      StrCat("line ", node.line, ": cannot unmarshal ", node.Describe(), " into ", type));
}

absl::Status AtLine(int line, absl::Status status) {
  if (status.ok() || FromAbsl(status.message()).substr(0, 5) == "line ") return status;
  return absl::InvalidArgumentError(StrCat("line ", line, ": ", FromAbsl(status.message())));
}

const YamlNode* FieldReader::Take(std::string_view key) {
  const YamlNode* found = nullptr;
  for (size_t i = 0; i < node_.entries.size(); ++i) {
    const auto& [name, value] = node_.entries[i];
    if (name.scalar != key) continue;
    used_[i] = true;
    if (found != nullptr && status_.ok()) {
      status_ = absl::InvalidArgumentError(
          StrCat("line ", name.line, ": field ", key, " already set in type ", type_));
    }
    found = &value;
  }
  return found;
}

absl::Status FieldReader::Finish() {
  if (!status_.ok()) return status_;
  for (size_t i = 0; i < used_.size(); ++i) {
    if (used_[i]) continue;
    const YamlNode& key = node_.entries[i].first;
    return absl::InvalidArgumentError(
        StrCat("line ", key.line, ": field ", key.scalar, " not found in type ", type_));
  }
  return absl::OkStatus();
}

}  // namespace config_internal

using config_internal::AtLine;
using config_internal::TypeError;

absl::Status ReadYaml(const YamlNode& node, std::string* out) {
  if (node.is_null()) {
    out->clear();
    return absl::OkStatus();
  }
  if (!node.is_scalar()) return TypeError(node, "string");
  *out = node.scalar;
  return absl::OkStatus();
}

absl::Status ReadYaml(const YamlNode& node, bool* out) {
  *out = false;
  if (node.is_null()) return absl::OkStatus();
  static constexpr std::string_view kTrue[] = {"true", "True", "TRUE", "yes", "Yes", "YES",
                                               "on",   "On",   "ON",   "y",   "Y"};
  static constexpr std::string_view kFalse[] = {"false", "False", "FALSE", "no", "No", "NO",
                                                "off",   "Off",   "OFF",   "n",  "N"};
  if (node.is_scalar() && node.plain) {
    for (const std::string_view word : kTrue) {
      if (node.scalar == word) *out = true;
    }
    if (*out) return absl::OkStatus();
    for (const std::string_view word : kFalse) {
      if (node.scalar == word) return absl::OkStatus();
    }
  }
  return TypeError(node, "bool");
}

namespace {

template <typename T>
absl::Status ReadNumber(const YamlNode& node, std::string_view type, T* out) {
  *out = T{};
  if (node.is_null()) return absl::OkStatus();
  if (!node.is_scalar() || !node.plain) return TypeError(node, type);
  const char* end = node.scalar.data() + node.scalar.size();
  const auto parsed = std::from_chars(node.scalar.data(), end, *out);
  if (parsed.ec != std::errc() || parsed.ptr != end) return TypeError(node, type);
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadYaml(const YamlNode& node, int64_t* out) { return ReadNumber(node, "int", out); }
absl::Status ReadYaml(const YamlNode& node, uint64_t* out) { return ReadNumber(node, "uint", out); }
absl::Status ReadYaml(const YamlNode& node, double* out) {
  return ReadNumber(node, "float64", out);
}

absl::Status ReadYaml(const YamlNode& node, Duration* out) {
  std::string text;
  HEARTH_RETURN_IF_ERROR(ReadYaml(node, &text));
  const auto ms = node.is_null() ? absl::StatusOr<TimeMs>(0) : ParseDuration(text);
  if (!ms.ok()) return AtLine(node.line, ms.status());
  out->ms = *ms;
  return absl::OkStatus();
}

absl::Status ReadYaml(const YamlNode& node, ByteSize* out) {
  std::string text;
  HEARTH_RETURN_IF_ERROR(ReadYaml(node, &text));
  const auto bytes = text.empty() ? absl::StatusOr<int64_t>(0) : ParseBytes(text);
  if (!bytes.ok()) return AtLine(node.line, bytes.status());
  out->bytes = *bytes;
  return absl::OkStatus();
}

absl::Status ReadYaml(const YamlNode& node, Secret* out) { return ReadYaml(node, &out->value); }

absl::Status ReadYaml(const YamlNode& node, YamlNode* out) {
  *out = node;
  return absl::OkStatus();
}

}  // namespace hearth
