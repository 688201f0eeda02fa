// rules/template/executor.h
//
// Runs a parsed template over data: Go's text/template with the option missingkey=zero, so a key
// that a map does not have is the zero of its elements (an empty string in a label set, nil in
// args' map).
//
// Thread safety: one execution is one thread's; a TemplateSet may be executed by many at once.
#ifndef HEARTH_RULES_TEMPLATE_EXECUTOR_H_
#define HEARTH_RULES_TEMPLATE_EXECUTOR_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "rules/template/ast.h"
#include "rules/template/function.h"
#include "rules/template/value.h"

namespace hearth::gotemplate {

// The text that the template of the set's own name gives for `data`. Errors (kInvalidArgument) are
// Go's: `template: name:1:12: executing "name" at <.X>: can't evaluate …`, the line counted from
// one, the column (in bytes) from zero. More than `max_steps`, kMaxExecutionDepth or
// kMaxOutputBytes is an error of the same form.
absl::StatusOr<std::string> Execute(const TemplateSet& set, const Value& data,
                                    const Environment& environment, int64_t max_steps = kMaxSteps);

}  // namespace hearth::gotemplate

#endif  // HEARTH_RULES_TEMPLATE_EXECUTOR_H_
