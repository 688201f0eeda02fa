// Functions that rewrite labels: label_replace, label_join.
#include <string>
#include <utility>
#include <vector>

#include "model/regex.h"
#include "model/text.h"
#include "query/functions/families.h"

namespace hearth::promql {
namespace {

absl::Status BadDestination(std::string_view function, const std::string& name) {
  return absl::FailedPreconditionError(
      StrCat("invalid destination label name in ", function, "(): ", name));
}

bool ValidLabelName(std::string_view name) { return !name.empty() && IsValidUtf8(name); }

class LabelReplace : public LabelRewriter {
 public:
  // (destination, replacement, source, regex)
  static absl::StatusOr<std::unique_ptr<LabelRewriter>> Create(std::span<const std::string> args) {
    absl::StatusOr<AnchoredRegex> regex = AnchoredRegex::Compile(args[3]);
    if (!regex.ok()) {
      return absl::FailedPreconditionError(
          StrCat("invalid regular expression in label_replace(): ", args[3]));
    }
    if (!ValidLabelName(args[0])) return BadDestination("label_replace", args[0]);
    return std::make_unique<LabelReplace>(args, *std::move(regex));
  }
  LabelReplace(std::span<const std::string> args, AnchoredRegex regex)
      : to_(args[0]),
        from_(args[2]),
        regex_(std::move(regex)),
        replacement_(regex_.ParseTemplate(args[1])) {}

  bool Rewrite(LabelsBuilder* labels) const override {
    const std::string source(labels->Get(from_));
    const RegexMatch match = regex_.Match(source);
    if (!match) return false;
    labels->Set(to_, match.Expand(replacement_));
    return to_ == kMetricNameLabel;
  }

 private:
  const std::string to_, from_;
  const AnchoredRegex regex_;
  const RegexTemplate replacement_;
};

class LabelJoin : public LabelRewriter {
 public:
  // (destination, separator, source…)
  static absl::StatusOr<std::unique_ptr<LabelRewriter>> Create(std::span<const std::string> args) {
    for (const std::string& source : args.subspan(2)) {
      if (!ValidLabelName(source)) {
        return absl::FailedPreconditionError(
            StrCat("invalid source label name in label_join(): ", source));
      }
    }
    if (!ValidLabelName(args[0])) return BadDestination("label_join", args[0]);
    return std::make_unique<LabelJoin>(args);
  }
  explicit LabelJoin(std::span<const std::string> args)
      : to_(args[0]), separator_(args[1]), from_(args.begin() + 2, args.end()) {}

  bool Rewrite(LabelsBuilder* labels) const override {
    std::string joined;
    for (size_t i = 0; i < from_.size(); ++i) {
      if (i > 0) joined += separator_;
      joined += labels->Get(from_[i]);
    }
    labels->Set(to_, joined);
    return to_ == kMetricNameLabel;
  }

 private:
  const std::string to_, separator_;
  const std::vector<std::string> from_;
};

constexpr ValueType kJoinArgs[] = {ValueType::kInstantVector, ValueType::kString,
                                   ValueType::kString, ValueType::kString};
constexpr ValueType kReplaceArgs[] = {ValueType::kInstantVector, ValueType::kString,
                                      ValueType::kString, ValueType::kString, ValueType::kString};

constexpr ValueType kInfoArgs[] = {ValueType::kInstantVector, ValueType::kInstantVector};

constexpr FunctionSpec kFunctions[] = {
    {.name = "info",
     .args = kInfoArgs,
     .variadic = 1,
     .metric_name = MetricNameRule::kKeep,
     .experimental = true,
     .step_local = false,
     .info_selector = 1,
     .kernel = {.shape = Shape::kInfo},
     .summary = "Adds the labels of info series with the same job and instance.",
     .example = "info(rate(http_requests_total[5m]), {k8s_cluster_name=~\".+\"})"},
    {.name = "label_join",
     .args = kJoinArgs,
     .variadic = -1,
     .metric_name = MetricNameRule::kKeep,
     .kernel = {.shape = Shape::kRelabel, .relabel = &LabelJoin::Create},
     .summary = "Sets a label to the values of others, joined by a separator.",
     .example = "label_join(up, \"target\", \"/\", \"job\", \"instance\")"},
    {.name = "label_replace",
     .args = kReplaceArgs,
     .metric_name = MetricNameRule::kKeep,
     .kernel = {.shape = Shape::kRelabel, .relabel = &LabelReplace::Create},
     .summary = "Sets a label from another one by a regular expression.",
     .example = "label_replace(up, \"host\", \"$1\", \"instance\", \"(.*):.*\")"},
};

}  // namespace

std::span<const FunctionSpec> LabelFunctions() { return kFunctions; }

}  // namespace hearth::promql
