// model/status.h
//
// Early return on a failed absl::Status or StatusOr. Debian's Abseil has no status macros, so these
// two are ours.
//
//   HEARTH_RETURN_IF_ERROR(file->Sync());
//   HEARTH_ASSIGN_OR_RETURN(std::unique_ptr<File> file, fs->Open(path));
#ifndef HEARTH_MODEL_STATUS_H_
#define HEARTH_MODEL_STATUS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define HEARTH_RETURN_IF_ERROR(expr)                                                    \
  do {                                                                                  \
    if (absl::Status hearth_status = (expr); !hearth_status.ok()) return hearth_status; \
  } while (false)

#define HEARTH_STATUS_CONCAT_INNER(a, b) a##b
#define HEARTH_STATUS_CONCAT(a, b) HEARTH_STATUS_CONCAT_INNER(a, b)
#define HEARTH_ASSIGN_OR_RETURN(lhs, expr) \
  HEARTH_ASSIGN_OR_RETURN_IMPL(HEARTH_STATUS_CONCAT(hearth_status_or_, __LINE__), lhs, expr)
#define HEARTH_ASSIGN_OR_RETURN_IMPL(tmp, lhs, expr) \
  auto tmp = (expr);                                 \
  if (!tmp.ok()) return std::move(tmp).status();     \
  lhs = *std::move(tmp)

#endif  // HEARTH_MODEL_STATUS_H_
