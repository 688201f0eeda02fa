#include "config/relabel.h"

#include <openssl/evp.h>
#include <re2/re2.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "model/status.h"
#include "model/text.h"

namespace hearth {
namespace {

// RE2 compiles at most this much for one rule, so a hostile expression stays small.
constexpr int64_t kRegexMemory = int64_t{4} << 20;
constexpr size_t kMaxGroups = 64;

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

std::shared_ptr<const re2::RE2> Compile(std::string_view pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kRegexMemory);
  return std::make_shared<const re2::RE2>(StrCat("^(?s:", pattern, ")$"), options);
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

absl::Status RegexStatus(const re2::RE2& regex) {
  if (!regex.ok()) {
    return absl::InvalidArgumentError(
        StrCat("error parsing regexp: ", regex.error(), " in `", regex.pattern(), "`"));
  }
  if (static_cast<size_t>(regex.NumberOfCapturingGroups()) >= kMaxGroups) {
    return absl::InvalidArgumentError(StrCat("error parsing regexp: more than ", kMaxGroups - 1,
                                             " groups in `", regex.pattern(), "`"));
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
  HEARTH_RETURN_IF_ERROR(RegexStatus(*Compile(config.regex)));
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
  RelabelRule rule;
  rule.config_ = config;
  rule.action_ = *FindAction(config.action);
  rule.regex_ = Compile(config.regex);
  rule.target_ = ParseTemplate(config.target_label, *rule.regex_);
  rule.replacement_ = ParseTemplate(config.replacement, *rule.regex_);
  rule.constant_ = config.regex == RelabelConfig{}.regex &&
                   config.target_label.find('$') == std::string::npos &&
                   config.replacement.find('$') == std::string::npos;
  return rule;
}

// Go's rules: `$$` is a dollar; `$name` takes the longest run of letters, digits and underscores;
// `${name}`; a dollar before anything else stands for itself; an unknown group is empty.
RelabelRule::Template RelabelRule::ParseTemplate(std::string_view text, const re2::RE2& regex) {
  Template parts;
  std::string literal;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$') {
      literal.push_back(text[i]);
      continue;
    }
    if (i + 1 < text.size() && text[i + 1] == '$') {
      literal.push_back('$');
      ++i;
      continue;
    }
    const bool brace = i + 1 < text.size() && text[i + 1] == '{';
    const size_t start = i + (brace ? 2 : 1);
    size_t end = start;
    while (end < text.size() && IsNameChar(text[end])) ++end;
    if (end == start || (brace && (end == text.size() || text[end] != '}'))) {
      literal.push_back('$');
      continue;
    }
    const std::string name(text.substr(start, end - start));
    int group = -1;
    const bool leading_zero = name[0] == '0' && name.size() > 1;
    const auto number = std::from_chars(name.data(), name.data() + name.size(), group);
    if (number.ec != std::errc() || number.ptr != name.data() + name.size() || leading_zero) {
      const auto it = regex.NamedCapturingGroups().find(name);
      group = it == regex.NamedCapturingGroups().end() ? -1 : it->second;
    }
    if (group > regex.NumberOfCapturingGroups()) group = -1;
    parts.push_back(Part{std::move(literal), group});
    literal.clear();
    i = brace ? end : end - 1;
  }
  parts.push_back(Part{std::move(literal), -1});
  return parts;
}

std::string RelabelRule::SourceValue(const LabelsBuilder& labels) const {
  std::string value;
  for (size_t i = 0; i < config_.source_labels.size(); ++i) {
    if (i > 0) value.append(config_.separator);
    value.append(labels.Get(config_.source_labels[i]));
  }
  return value;
}

namespace {

// Matches the whole of `value` and expands templates from its groups.
class Match {
 public:
  Match(const re2::RE2& regex, std::string_view value) {
    matched_ = regex.Match(re2::StringPiece(value.data(), value.size()), 0, value.size(),
                           re2::RE2::ANCHOR_BOTH, groups_, regex.NumberOfCapturingGroups() + 1);
  }
  bool matched() const { return matched_; }
  template <typename Parts>
  std::string Expand(const Parts& parts) const {
    std::string out;
    for (const auto& part : parts) {
      out.append(part.literal);
      if (part.group >= 0) out.append(groups_[part.group].data(), groups_[part.group].size());
    }
    return out;
  }

 private:
  re2::StringPiece groups_[kMaxGroups];
  bool matched_ = false;
};

}  // namespace

void RelabelRule::Replace(std::string_view value, LabelsBuilder* labels) const {
  if (constant_) {
    labels->Set(config_.target_label, config_.replacement);
    return;
  }
  const Match match(*regex_, value);
  if (!match.matched()) return;
  const std::string target = match.Expand(target_);
  if (!IsLabelName(target, /*utf8=*/true)) return;
  labels->Set(target, match.Expand(replacement_));
}

void RelabelRule::MapLabels(LabelsBuilder* labels) const {
  std::vector<std::pair<std::string, std::string>> mapped;
  labels->ForEach([&](std::string_view name, std::string_view value) {
    const Match match(*regex_, name);
    if (match.matched()) mapped.emplace_back(match.Expand(replacement_), value);
  });
  for (const auto& [name, value] : mapped) {
    if (IsLabelName(name, /*utf8=*/true)) labels->Set(name, value);
  }
}

bool RelabelRule::Apply(LabelsBuilder* labels) const {
  const auto matches = [&](std::string_view text) {
    return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *regex_);
  };
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
