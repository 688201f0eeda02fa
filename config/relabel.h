// config/relabel.h
//
// Relabelling: rules that rewrite or drop a label set, for targets and for samples. RelabelConfig
// is the text of a rule, RelabelRule the compiled form that runs. Regular expressions are anchored;
// replacements expand `$1` and `${name}` as Go's Regexp.Expand does.
//
// Thread safety: values; a RelabelRule is immutable and shared freely.
#ifndef HEARTH_CONFIG_RELABEL_H_
#define HEARTH_CONFIG_RELABEL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/labels.h"
#include "model/regex.h"

namespace hearth {

enum class RelabelAction {
  kReplace,
  kKeep,
  kDrop,
  kKeepEqual,
  kDropEqual,
  kHashMod,
  kLabelMap,
  kLabelDrop,
  kLabelKeep,
  kLowercase,
  kUppercase,
};

// One item of relabel_configs as written, defaults filled in.
struct RelabelConfig {
  std::vector<std::string> source_labels;
  std::string separator = ";";
  std::string regex = "(.*)";
  uint64_t modulus = 0;
  std::string target_label;
  std::string replacement = "$1";
  std::string action = "replace";
  friend bool operator==(const RelabelConfig&, const RelabelConfig&) = default;
};

// Prometheus' checks and words: `relabel configuration for replace action requires 'target_label'
// value`, `error parsing regexp: …`. `utf8_names` false = label names must be
// [a-zA-Z_][a-zA-Z0-9_]*.
absl::Status ValidateRelabelConfig(const RelabelConfig& config, bool utf8_names = true);

class RelabelRule {
 public:
  // kInvalidArgument as ValidateRelabelConfig.
  static absl::StatusOr<RelabelRule> Create(const RelabelConfig& config);

  // Applies the rule; false when it drops the label set (whose state is then unspecified).
  bool Apply(LabelsBuilder* labels) const;

 private:
  explicit RelabelRule(AnchoredRegex regex) : regex_(std::move(regex)) {}
  std::string SourceValue(const LabelsBuilder& labels) const;
  void Replace(std::string_view value, LabelsBuilder* labels) const;
  void MapLabels(LabelsBuilder* labels) const;

  RelabelAction action_ = RelabelAction::kReplace;
  RelabelConfig config_;
  AnchoredRegex regex_;
  RegexTemplate target_, replacement_;
  bool constant_ = false;  // A replace with the default regex and nothing to expand.
};

// Compiles a list; the error is the first rule's.
absl::StatusOr<std::vector<RelabelRule>> CompileRelabelRules(
    const std::vector<RelabelConfig>& configs);

// Applies the rules in order; false when one drops the label set.
bool Relabel(const std::vector<RelabelRule>& rules, LabelsBuilder* labels);

}  // namespace hearth

#endif  // HEARTH_CONFIG_RELABEL_H_
