// query/testing/script.h
//
// A PromQL test script as data: what to load, what to evaluate, what to expect. The language is
// Prometheus' promqltest, so that scripts of either project run in both. Testonly.
//
// Thread safety: pure function.
#ifndef HEARTH_QUERY_TESTING_SCRIPT_H_
#define HEARTH_QUERY_TESTING_SCRIPT_H_

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "model/clock.h"
#include "query/notation/series_line.h"

namespace hearth::promql {

// Drops all data.
struct ClearCommand {};

struct LoadCommand {
  TimeMs step_ms = 0;
  bool with_nhcb = false;  // load_with_nhcb
  std::vector<SeriesLine> series;
};

// What an `expect` line says of a message.
struct TextMatch {
  enum class Kind { kAny, kExact, kRegex };
  Kind kind = Kind::kAny;
  std::string text;
};

struct TimeSteps {
  TimeMs start_ms = 0, end_ms = 0, step_ms = 0;
};

struct EvalCommand {
  std::string query;
  bool instant = true;
  TimeSteps steps;  // start == end for an instant query.

  std::optional<TextMatch> fail;
  std::vector<TextMatch> warnings, infos;
  bool no_warnings = false, no_infos = false;
  bool ordered = false;
  std::optional<TimeSteps>
      range_vector;  // `expect range vector`: an instant query whose result is a matrix.
  std::optional<std::string> string;
  std::optional<double> scalar;
  std::vector<SeriesLine> series;
};

struct ScriptCommand {
  int line = 0;  // From one.
  std::variant<ClearCommand, LoadCommand, EvalCommand> what;
  std::string
      unsupported;  // Not empty when the command is good but uses what this reader cannot do.
};

// Errors (kInvalidArgument) name the line. Queries are not parsed.
absl::StatusOr<std::vector<ScriptCommand>> ParseScript(std::string_view text);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_TESTING_SCRIPT_H_
