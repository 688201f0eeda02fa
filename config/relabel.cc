#include "config/relabel.h"

#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "model/status.h"
#include "model/text.h"

namespace hearth {
namespace {

struct ActionName {
  std::string_view name;
  RelabelAction action;
};
constexpr ActionName kActions[] = {
    {"replace", RelabelAction::kReplace},     {"keep", RelabelAction::kKeep},
    {"drop", RelabelAction::kDrop},           {"keepequal", RelabelAction::kKeepEqual},
    {"dropequal", RelabelAction::kDropEqual}, {"hashmod", RelabelAction::kHashMod},
    {"labelmap", RelabelAction::kLabelMap},   {"labeldrop", RelabelAction::kLabelDrop},
    {"labelkeep", RelabelAction::kLabelKeep}, {"lowercase", RelabelAction::kLowercase},
    {"uppercase", RelabelAction::kUppercase},
};

std::string Lower(std::string_view s) {
  std::string out(s);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string Upper(std::string_view s) {
  std::string out(s);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

// Actions are case-insensitive in the file.
std::optional<RelabelAction> FindAction(std::string_view name) {
  const std::string lower = Lower(name);
  for (const ActionName& entry : kActions) {
    if (entry.name == lower) return entry.action;
  }
  return std::nullopt;
}

std::string Quoted(std::string_view s) {
  std::string out;
  AppendQuoted(s, &out);
  return out;
}

bool IsNameChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool IsLabelName(std::string_view name, bool utf8) {
  return utf8 ? !name.empty() && IsValidUtf8(name) : IsLegacyLabelName(name);
}

// A label name in which `$1` and `${1}` may stand for parts.
bool IsLabelNameTemplate(std::string_view name, bool utf8) {
  if (utf8) return IsLabelName(name, true);
  std::string stripped;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] != '$') {
      stripped.push_back(name[i]);
      continue;
    }
    const bool brace = i + 1 < name.size() && name[i + 1] == '{';
    size_t end = i + (brace ? 2 : 1);
    const size_t start = end;
    while (end < name.size() && IsNameChar(name[end])) ++end;
    if (end == start || (brace && (end == name.size() || name[end] != '}'))) return false;
    stripped.push_back('x');
    i = brace ? end : end - 1;
  }
  return IsLegacyLabelName(stripped);
}

absl::Status TargetStatus(const RelabelConfig& config, std::string_view action_name,
                          RelabelAction action, bool utf8) {
  const bool needs_target =
      action == RelabelAction::kReplace || action == RelabelAction::kKeepEqual ||
      action == RelabelAction::kDropEqual || action == RelabelAction::kHashMod ||
      action == RelabelAction::kLowercase || action == RelabelAction::kUppercase;
  if (!needs_target) return absl::OkStatus();
  if (config.target_label.empty()) {
    return absl::InvalidArgumentError(
        StrCat("relabel configuration for ", action_name, " action requires 'target_label' value"));
  }
  const bool valid = action == RelabelAction::kReplace
                         ? IsLabelNameTemplate(config.target_label, utf8)
                         : IsLabelName(config.target_label, utf8);
  if (!valid) {
    return absl::InvalidArgumentError(StrCat(
        Quoted(config.target_label), " is invalid 'target_label' for ", action_name, " action"));
  }
  return absl::OkStatus();
}

absl::Status ExtraFieldsStatus(const RelabelConfig& config, std::string_view action_name,
                               RelabelAction action) {
  const RelabelConfig defaults;
  if (action == RelabelAction::kKeepEqual || action == RelabelAction::kDropEqual) {
    if (config.regex != defaults.regex || config.modulus != 0 ||
        config.separator != defaults.separator || config.replacement != defaults.replacement) {
      return absl::InvalidArgumentError(
          StrCat(action_name,
                 " action requires only 'source_labels' and `target_label`, and no other fields"));
    }
  }
  if (action == RelabelAction::kLabelDrop || action == RelabelAction::kLabelKeep) {
    if (!config.source_labels.empty() || !config.target_label.empty() || config.modulus != 0 ||
        config.separator != defaults.separator || config.replacement != defaults.replacement) {
      return absl::InvalidArgumentError(
          StrCat(action_name, " action requires only 'regex', and no other fields"));
    }
  }
  if ((action == RelabelAction::kLowercase || action == RelabelAction::kUppercase) &&
      config.replacement != defaults.replacement) {
    return absl::InvalidArgumentError(
        StrCat("'replacement' can not be set for ", action_name, " action"));
  }
  return absl::OkStatus();
}

std::string HashMod(std::string_view value, uint64_t modulus) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  EVP_Digest(value.data(), value.size(), digest, &length, EVP_md5(), nullptr);
  uint64_t hash = 0;
  for (int i = 8; i < 16; ++i) hash = hash << 8 | digest[i];
  return StrCat(hash % modulus);
}

}  // namespace

absl::Status ValidateRelabelConfig(const RelabelConfig& config, bool utf8_names) {
  if (config.action.empty()) return absl::InvalidArgumentError("relabel action cannot be empty");
  const std::optional<RelabelAction> action = FindAction(config.action);
  if (!action)
    return absl::InvalidArgumentError(StrCat("unknown relabel action ", Quoted(config.action)));
  const std::string name = Lower(config.action);
  HEARTH_RETURN_IF_ERROR(AnchoredRegex::Compile(config.regex).status());
  for (const std::string& source : config.source_labels) {
    if (!IsLabelName(source, utf8_names)) {
      return absl::InvalidArgumentError(StrCat(Quoted(source), " is not a valid label name"));
    }
  }
  if (*action == RelabelAction::kHashMod && config.modulus == 0) {
    return absl::InvalidArgumentError(
        "relabel configuration for hashmod requires non-zero modulus");
  }
  HEARTH_RETURN_IF_ERROR(TargetStatus(config, name, *action, utf8_names));
  if (*action == RelabelAction::kLabelMap && !IsLabelNameTemplate(config.replacement, utf8_names)) {
    return absl::InvalidArgumentError(
        StrCat(Quoted(config.replacement), " is invalid 'replacement' for labelmap action"));
  }
  return ExtraFieldsStatus(config, name, *action);
}

absl::StatusOr<RelabelRule> RelabelRule::Create(const RelabelConfig& config) {
  HEARTH_RETURN_IF_ERROR(ValidateRelabelConfig(config));
  HEARTH_ASSIGN_OR_RETURN(AnchoredRegex regex, AnchoredRegex::Compile(config.regex));
  RelabelRule rule(std::move(regex));
  rule.config_ = config;
  rule.action_ = *FindAction(config.action);
  rule.target_ = rule.regex_.ParseTemplate(config.target_label);
  rule.replacement_ = rule.regex_.ParseTemplate(config.replacement);
  rule.constant_ = config.regex == RelabelConfig{}.regex &&
                   config.target_label.find('$') == std::string::npos &&
                   config.replacement.find('$') == std::string::npos;
  return rule;
}

std::string RelabelRule::SourceValue(const LabelsBuilder& labels) const {
  std::string value;
  for (size_t i = 0; i < config_.source_labels.size(); ++i) {
    if (i > 0) value.append(config_.separator);
    value.append(labels.Get(config_.source_labels[i]));
  }
  return value;
}

void RelabelRule::Replace(std::string_view value, LabelsBuilder* labels) const {
  if (constant_) {
    labels->Set(config_.target_label, config_.replacement);
    return;
  }
  const RegexMatch match = regex_.Match(value);
  if (!match) return;
  const std::string target = match.Expand(target_);
  if (!IsLabelName(target, /*utf8=*/true)) return;
  labels->Set(target, match.Expand(replacement_));
}

void RelabelRule::MapLabels(LabelsBuilder* labels) const {
  std::vector<std::pair<std::string, std::string>> mapped;
  labels->ForEach([&](std::string_view name, std::string_view value) {
    const RegexMatch match = regex_.Match(name);
    if (match) mapped.emplace_back(match.Expand(replacement_), value);
  });
  for (const auto& [name, value] : mapped) {
    if (IsLabelName(name, /*utf8=*/true)) labels->Set(name, value);
  }
}

bool RelabelRule::Apply(LabelsBuilder* labels) const {
  const auto matches = [&](std::string_view text) { return regex_.Matches(text); };
  switch (action_) {
    case RelabelAction::kLabelMap:
      MapLabels(labels);
      return true;
    case RelabelAction::kLabelDrop:
    case RelabelAction::kLabelKeep: {
      const bool drop_matching = action_ == RelabelAction::kLabelDrop;
      std::vector<std::string> dropped;
      labels->ForEach([&](std::string_view name, std::string_view) {
        if (matches(name) == drop_matching) dropped.emplace_back(name);
      });
      labels->Drop(dropped);
      return true;
    }
    default:
      break;
  }
  const std::string value = SourceValue(*labels);
  switch (action_) {
    case RelabelAction::kDrop:
      return !matches(value);
    case RelabelAction::kKeep:
      return matches(value);
    case RelabelAction::kDropEqual:
      return labels->Get(config_.target_label) != value;
    case RelabelAction::kKeepEqual:
      return labels->Get(config_.target_label) == value;
    case RelabelAction::kReplace:
      Replace(value, labels);
      return true;
    case RelabelAction::kLowercase:
      labels->Set(config_.target_label, Lower(value));
      return true;
    case RelabelAction::kUppercase:
      labels->Set(config_.target_label, Upper(value));
      return true;
    case RelabelAction::kHashMod:
      labels->Set(config_.target_label, HashMod(value, config_.modulus));
      return true;
    default:
      return true;
  }
}

absl::StatusOr<std::vector<RelabelRule>> CompileRelabelRules(
    const std::vector<RelabelConfig>& configs) {
  std::vector<RelabelRule> rules;
  rules.reserve(configs.size());
  for (const RelabelConfig& config : configs) {
    HEARTH_ASSIGN_OR_RETURN(RelabelRule rule, RelabelRule::Create(config));
    rules.push_back(std::move(rule));
  }
  return rules;
}

bool Relabel(const std::vector<RelabelRule>& rules, LabelsBuilder* labels) {
  for (const RelabelRule& rule : rules) {
    if (!rule.Apply(labels)) return false;
  }
  return true;
}

}  // namespace hearth
