// rules/template/limits.h
//
// What a template may take. Rule files are written by operators, not by strangers, but a template
// that loops or calls itself must end with an error and not with the server.
//
// Thread safety: a Budget belongs to one execution.
#ifndef HEARTH_RULES_TEMPLATE_LIMITS_H_
#define HEARTH_RULES_TEMPLATE_LIMITS_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "model/text.h"

namespace hearth::gotemplate {

inline constexpr size_t kMaxTemplateBytes = size_t{1} << 20;  // The text of a template.
inline constexpr int kMaxParseDepth = 200;  // Parentheses and control structures in each other.
inline constexpr int kMaxExecutionDepth = 1000;  // The same plus template calls, while executing.
inline constexpr int64_t kMaxSteps = 1'000'000;  // Nodes executed; see Budget.
inline constexpr size_t kMaxOutputBytes = size_t{1} << 20;  // The result.
inline constexpr size_t kMaxStringBytes = size_t{1} << 20;  // Any string on the way.
inline constexpr int kMaxMapDepth = 100;                    // args of args of args …
inline constexpr int64_t kStepsPerQuery = 100;              // So at most 10 000 queries.

class Budget {
 public:
  explicit Budget(int64_t max_steps = kMaxSteps) : max_steps_(max_steps) {}

  // kResourceExhausted when `steps` more are too many.
  absl::Status Spend(int64_t steps) {
    steps_ += steps;
    if (steps_ <= max_steps_) return absl::OkStatus();
    return absl::ResourceExhaustedError(StrCat("execution takes more than ", max_steps_, " steps"));
  }
  // Work on a string costs a step for each KiB.
  absl::Status SpendBytes(size_t bytes) { return Spend(static_cast<int64_t>(bytes / 1024)); }

 private:
  const int64_t max_steps_;
  int64_t steps_ = 0;
};

}  // namespace hearth::gotemplate

#endif  // HEARTH_RULES_TEMPLATE_LIMITS_H_
