// tools/hearthctl/exit_code.h
//
// Exit codes, promtool's.
#ifndef HEARTH_TOOLS_HEARTHCTL_EXIT_CODE_H_
#define HEARTH_TOOLS_HEARTHCTL_EXIT_CODE_H_

namespace hearth::hearthctl {

inline constexpr int kExitSuccess = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitLint = 3;  // Lint findings, with --lint-fatal.

}  // namespace hearth::hearthctl

#endif  // HEARTH_TOOLS_HEARTHCTL_EXIT_CODE_H_
