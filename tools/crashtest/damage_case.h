// tools/crashtest/damage_case.h
//
// A data directory with everything in it, ways to damage a copy, and what becomes of the copy when
// it is opened: the parts of damagetest.
//
// Thread safety: none; one thread, because each case runs in a child process.
#ifndef HEARTH_TOOLS_CRASHTEST_DAMAGE_CASE_H_
#define HEARTH_TOOLS_CRASHTEST_DAMAGE_CASE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "model/labels.h"
#include "model/sample.h"

namespace hearth::crashtest {

// Samples by series and time.
using Contents = std::map<Labels, std::map<TimeMs, double>>;

// The clock of all cases: the directory is of this moment.
inline constexpr TimeMs kDamageNow = TimeMs{472'222} * 3600 * 1000;

// Makes a data directory at `path` in which windows are sealed, in the chunk log, in the WAL, and
// tells what is in it. `live`: called while it is still open, after the last sample.
absl::Status MakeDataDirectory(const std::string& path, uint64_t seed, Contents* contents,
                               const std::function<void()>& live = nullptr);

enum class Outcome : uint8_t {
  kComplete,    // Every sample is there.
  kReported,    // Some are missing; a counter says that something was damaged.
  kSilent,      // Some are missing and nothing tells.
  kWrongValue,  // A sample that was never written, or another value.
  kNotStarted,  // Open failed.
  kDied,        // The process did.
};
inline constexpr size_t kOutcomes = static_cast<size_t>(Outcome::kDied) + 1;
const char* OutcomeName(Outcome outcome);

struct CaseResult {
  Outcome outcome = Outcome::kDied;
  uint64_t missing = 0;  // Samples.
};

// Opens the directory in a child process, reads everything twice with a compactor's round between,
// and compares. The child's log goes to `log_path`.
CaseResult RunCase(const std::string& path, const Contents& contents, const std::string& log_path);

// Which kind of file it is, by its path below the data directory: "WAL", "SST", "MANIFEST" …
std::string KindOf(const std::string& relative_path);
// All regular files below `path`, relative, sorted.
std::vector<std::string> FilesBelow(const std::string& path);

}  // namespace hearth::crashtest

#endif  // HEARTH_TOOLS_CRASHTEST_DAMAGE_CASE_H_
