// rules/template/expander.h
//
// The template of one label or annotation of an alert: parsed once, expanded for each alert.
//
//   absl::StatusOr<Expander> expander = Expander::Parse("__alert_HighLatency", annotation);
//   std::string text = expander->ExpandOrErrorText(AlertData{…}, environment);
//
// Thread safety: immutable after Parse; any number of threads may expand at once. The query
// function is called on the thread that expands.
#ifndef HEARTH_RULES_TEMPLATE_EXPANDER_H_
#define HEARTH_RULES_TEMPLATE_EXPANDER_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "model/labels.h"
#include "rules/template/ast.h"
#include "rules/template/function.h"
#include "rules/template/limits.h"
#include "rules/template/value.h"

namespace hearth::gotemplate {

// What a template sees: `.Labels`, `.ExternalLabels`, `.ExternalURL`, `.Value`, and the variables
// $labels, $externalLabels, $externalURL and $value with the same. The external URL is that of the
// Environment.
struct AlertData {
  Labels labels;
  Labels external_labels;
  Value value;  // A float or a histogram.
};

class Expander {
 public:
  // `name` is for errors; Prometheus has `__alert_` and the alert's name. An error
  // (kInvalidArgument) is what a rule file's check says: `template: __alert_X:1: unclosed action`.
  static absl::StatusOr<Expander> Parse(std::string_view name, std::string_view text);

  // The text. An error (kInvalidArgument) reads `error executing template __alert_X: template:
  // __alert_X:1:118: executing …`. Columns count the definitions of the four variables, which stand
  // before the text, because Prometheus' do.
  absl::StatusOr<std::string> Expand(const AlertData& data, const Environment& environment,
                                     int64_t max_steps = kMaxSteps) const;

  // The same, an error as the text that Prometheus puts in its place: `<error expanding template:
  // …>`.
  std::string ExpandOrErrorText(const AlertData& data, const Environment& environment) const;

 private:
  explicit Expander(std::shared_ptr<const TemplateSet> set) : set_(std::move(set)) {}

  std::shared_ptr<const TemplateSet> set_;
};

// Whether the template of a rule file parses. Functions are not called: it needs no data.
absl::Status ParseTest(std::string_view name, std::string_view text);

}  // namespace hearth::gotemplate

#endif  // HEARTH_RULES_TEMPLATE_EXPANDER_H_
