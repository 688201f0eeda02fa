// rules/template/function.h
//
// What the language knows about a function: one row, standing beside its kernel (functions_*.cc).
// The parser reads the name, the executor the parameters and the kernel. Methods of times and
// durations are rows too.
//
// Thread safety: rows are constants with static storage; kernels are pure but for `query`.
#ifndef HEARTH_RULES_TEMPLATE_FUNCTION_H_
#define HEARTH_RULES_TEMPLATE_FUNCTION_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "rules/template/limits.h"
#include "rules/template/value.h"

namespace hearth::gotemplate {

// Evaluates a PromQL expression at the time of the alert. Called on the thread that expands.
using QueryFn = std::function<absl::StatusOr<std::vector<Sample>>(const std::string& expr)>;

// What functions know of the world around the template.
struct Environment {
  QueryFn query;  // Empty: every query fails.
  TimeMs now_ms = 0;
  std::string external_url;
};

struct CallContext {
  const Environment& environment;
  Budget* budget;
};

// What a parameter takes. kVector and kSample take nil too.
enum class Param : uint8_t { kAny, kString, kVector, kSample };

// Errors are the bare text: the executor says where.
using Kernel = absl::StatusOr<Value> (*)(CallContext& context, std::span<const Value> args);

enum class ShortCircuit : uint8_t { kNo, kAnd, kOr };

struct FunctionSpec {
  std::string_view name;
  std::span<const Param> params;
  bool variadic = false;  // The last parameter stands for none or more arguments.
  Kernel kernel = nullptr;
  // Arguments are evaluated until one decides; there is no kernel.
  ShortCircuit short_circuit = ShortCircuit::kNo;
};

struct MethodSpec {
  Kind receiver;
  FunctionSpec function;  // The receiver is the first argument, and not among the parameters.
};

inline constexpr Param kOneAny[] = {Param::kAny};
inline constexpr Param kTwoAny[] = {Param::kAny, Param::kAny};
inline constexpr Param kOneString[] = {Param::kString};
inline constexpr Param kTwoStrings[] = {Param::kString, Param::kString};
inline constexpr Param kThreeStrings[] = {Param::kString, Param::kString, Param::kString};

// The families. Each is listed in function.cc.
std::span<const FunctionSpec> BuiltinFunctions();     // functions_builtin.cc
std::span<const FunctionSpec> ComparisonFunctions();  // functions_comparison.cc
std::span<const FunctionSpec> HumanizeFunctions();    // functions_humanize.cc
std::span<const FunctionSpec> TextFunctions();        // functions_text.cc
std::span<const FunctionSpec> VectorFunctions();      // functions_vector.cc
std::span<const FunctionSpec> TimeFunctions();        // functions_time.cc
std::span<const MethodSpec> TimeMethods();            // functions_time.cc

// Null when there is none of that name.
const FunctionSpec* FindFunction(std::string_view name);
const FunctionSpec* FindMethod(Kind receiver, std::string_view name);
std::vector<const FunctionSpec*> AllFunctions();

// Go's name of the parameter's type.
std::string_view ParamTypeName(Param param);

// A float, an integer, or a string that strconv.ParseFloat takes; else its error.
absl::StatusOr<double> ConvertToFloat(const Value& value);

}  // namespace hearth::gotemplate

#endif  // HEARTH_RULES_TEMPLATE_FUNCTION_H_
