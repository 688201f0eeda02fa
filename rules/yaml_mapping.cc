#include "rules/yaml_mapping.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>

#include "config/duration.h"
#include "model/labels.h"
#include "model/text.h"

namespace hearth {
namespace {

std::string Quoted(std::string_view text) {
  std::string out;
  AppendQuoted(text, &out);
  return out;
}

// Tells of every key that comes twice; false when there is one.
bool KeysAreUnique(const YamlNode& map, YamlFindings* findings) {
  StringMap<int> lines;
  bool unique = true;
  for (const YamlEntry& entry : map.entries) {
    const auto [it, fresh] = lines.emplace(entry.first.scalar, entry.first.line);
    if (fresh) continue;
    unique = false;
    findings->Add(entry.first.line, StrCat("mapping key ", Quoted(entry.first.scalar),
                                           " already defined at line ", it->second));
  }
  return unique;
}

template <typename T>
bool ParseNumber(std::string_view text, T* out) {
  if (text.starts_with('+')) text.remove_prefix(1);
  T value{};
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return false;
  *out = value;
  return true;
}

}  // namespace

void YamlFindings::AddType(const YamlNode& node, std::string_view type) {
  Add(node.line, StrCat("cannot unmarshal ", node.Describe(), " into ", type));
}

std::string YamlFindings::Text() const {
  auto sorted = findings_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string out = "yaml: unmarshal errors:";
  for (const auto& [line, text] : sorted) StrAppend(&out, "\n  line ", line, ": ", text);
  return out;
}

YamlMapping::YamlMapping(const YamlNode& node, std::string_view type, YamlFindings* findings)
    : type_(type), findings_(findings) {
  if (node.is_null()) return;
  if (!node.is_map()) {
    findings->AddType(node, type);
    return;
  }
  if (!KeysAreUnique(node, findings)) return;
  node_ = &node;
  used_.resize(node.entries.size());
}

const YamlNode* YamlMapping::Value(std::string_view key) {
  for (size_t i = 0; i < used_.size(); ++i) {
    const YamlEntry& entry = node_->entries[i];
    if (entry.first.scalar != key) continue;
    used_[i] = true;
    return entry.second.is_null() ? nullptr : &entry.second;
  }
  return nullptr;
}

const YamlNode* YamlMapping::Scalar(std::string_view key, std::string_view type, bool plain) {
  const YamlNode* const value = Value(key);
  if (value == nullptr) return nullptr;
  if (value->is_scalar() && (value->plain || !plain)) return value;
  findings_->AddType(*value, type);
  return nullptr;
}

void YamlMapping::Text(std::string_view key, std::string* out) {
  if (const YamlNode* value = Scalar(key, "string", /*plain=*/false)) *out = value->scalar;
}

void YamlMapping::Integer(std::string_view key, int64_t* out) {
  const YamlNode* const value = Scalar(key, "int", /*plain=*/true);
  if (value != nullptr && !ParseNumber(value->scalar, out)) findings_->AddType(*value, "int");
}

void YamlMapping::Number(std::string_view key, double* out) {
  const YamlNode* const value = Scalar(key, "float64", /*plain=*/true);
  if (value == nullptr) return;
  constexpr double kInf = std::numeric_limits<double>::infinity();
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  static constexpr std::pair<std::string_view, double> kWords[] = {
      {".inf", kInf},   {".Inf", kInf},  {".INF", kInf},   {"+.inf", kInf},
      {"+.Inf", kInf},  {"+.INF", kInf}, {"-.inf", -kInf}, {"-.Inf", -kInf},
      {"-.INF", -kInf}, {".nan", kNaN},  {".NaN", kNaN},   {".NAN", kNaN}};
  for (const auto& [word, number] : kWords) {
    if (value->scalar != word) continue;
    *out = number;
    return;
  }
  // from_chars knows `inf` and `nan`, which are no numbers in YAML.
  const size_t first = value->scalar.find_first_not_of("+-");
  const bool word = first != std::string::npos && std::isalpha(value->scalar[first]) != 0;
  if (word || !ParseNumber(value->scalar, out)) findings_->AddType(*value, "float64");
}

void YamlMapping::Flag(std::string_view key, bool* out) {
  const YamlNode* const value = Scalar(key, "bool", /*plain=*/true);
  if (value == nullptr) return;
  static constexpr std::pair<std::string_view, bool> kWords[] = {
      {"true", true}, {"True", true}, {"TRUE", true},   {"y", true},      {"Y", true},
      {"yes", true},  {"on", true},   {"false", false}, {"False", false}, {"FALSE", false},
      {"n", false},   {"N", false},   {"no", false},    {"off", false}};
  for (const auto& [word, truth] : kWords) {
    if (value->scalar != word) continue;
    *out = truth;
    return;
  }
  findings_->AddType(*value, "bool");
}

void YamlMapping::Duration(std::string_view key, TimeMs* out) {
  const YamlNode* const value = Scalar(key, "string", /*plain=*/false);
  if (value == nullptr) return;
  const absl::StatusOr<TimeMs> ms = ParseDuration(value->scalar);
  if (ms.ok()) {
    *out = *ms;
  } else {
    findings_->Add(value->line, std::string(FromAbsl(ms.status().message())));
  }
}

void YamlMapping::Texts(std::string_view key,
                        std::vector<std::pair<std::string, std::string>>* out) {
  const YamlNode* const value = Value(key);
  if (value == nullptr) return;
  if (!value->is_map()) {
    findings_->AddType(*value, "map[string]string");
    return;
  }
  if (!KeysAreUnique(*value, findings_)) return;
  for (const YamlEntry& entry : value->entries) {
    if (!entry.second.is_scalar() && !entry.second.is_null()) {
      findings_->AddType(entry.second, "string");
      continue;
    }
    out->emplace_back(entry.first.scalar, entry.second.scalar);
  }
}

void YamlMapping::TextList(std::string_view key, std::vector<std::string>* out) {
  const YamlNode* const value = Value(key);
  if (value == nullptr) return;
  if (!value->is_list()) {
    findings_->AddType(*value, "[]string");
    return;
  }
  for (const YamlNode& item : value->items) {
    if (item.is_scalar()) {
      out->push_back(item.scalar);
    } else if (item.is_null()) {
      out->emplace_back();
    } else {
      findings_->AddType(item, "string");
    }
  }
}

void YamlMapping::Items(std::string_view key, std::string_view type,
                        const std::function<void(const YamlNode& item)>& read) {
  const YamlNode* const value = Value(key);
  if (value == nullptr) return;
  if (!value->is_list()) {
    findings_->AddType(*value, type);
    return;
  }
  for (const YamlNode& item : value->items) {
    if (!item.is_null()) read(item);
  }
}

void YamlMapping::Finish() {
  if (findings_->ignore_unknown_fields()) return;
  for (size_t i = 0; i < used_.size(); ++i) {
    if (used_[i]) continue;
    const YamlNode& key = node_->entries[i].first;
    findings_->Add(key.line, StrCat("field ", key.scalar, " not found in type ", type_));
  }
}

}  // namespace hearth
