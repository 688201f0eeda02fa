// tools/promdiff/grammar.h
//
// Random PromQL over given data: typed, so that most expressions are valid and most answers hold
// something. The functions and aggregations come from the engine's own tables: a new one is
// generated from its signature, or named by WithoutRule when that does not say enough.
//
// Everything that is generated is counted in a Tally; what is used seldom is preferred.
//
// Thread safety: none. The same seed, data and words give the same queries.
#ifndef HEARTH_TOOLS_PROMDIFF_GRAMMAR_H_
#define HEARTH_TOOLS_PROMDIFF_GRAMMAR_H_

#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "query/functions/spec.h"
#include "tools/promdiff/data.h"
#include "tools/promdiff/node.h"
#include "tools/promdiff/tally.h"

namespace hearth::promdiff {

// An evaluation; instant when step_ms is 0, then start_ms == end_ms.
struct Query {
  NodePtr expr;
  TimeMs start_ms = 0, end_ms = 0, step_ms = 0;

  bool instant() const { return step_ms == 0; }
  // The expression and its times on one line.
  std::string Describe() const;
};

// What the peer's language lacks.
struct PeerWords {
  std::set<std::string, std::less<>> unknown;  // Functions and aggregations.
  // Prometheus 2: a window's left end belongs to it, `.` does not match a newline, holt_winters.
  bool version2 = true;
};

class Grammar {
 public:
  // `data` and `tally` are borrowed.
  Grammar(uint64_t seed, const Data* data, PeerWords words, Tally* tally);

  Query Next();

  // Names from the engine's tables that no rule can generate.
  static std::vector<std::string> WithoutRule();

 private:
  // What is asked of an expression: how deep it may be, and whether its consumer needs exact
  // values.
  struct Want {
    int depth = 0;
    bool exact = false;
    Want Below(bool needs_exact) const { return {depth - 1, exact || needs_exact}; }
  };
  using Maker = NodePtr (Grammar::*)(Want);
  struct ArgRule {
    std::string_view function;
    int index;  // Of the argument; later ones without a rule of their own use the last.
    Maker make;
  };
  static const std::vector<ArgRule>& ArgRules();
  static Maker RuleOf(std::string_view function, size_t index, ValueType type);

  void RegisterAll();
  size_t Pick(size_t n) { return random_() % n; }
  bool Chance(size_t percent) { return Pick(100) < percent; }
  template <typename T>
  const T& One(const std::vector<T>& choices) {
    return choices[Pick(choices.size())];
  }
  // One of `names`, seldom ones first, counted as `kind`.
  std::string_view Choose(std::string_view kind, const std::vector<std::string_view>& names);

  // grammar.cc: queries and scalars.
  Query Timed(NodePtr expr);
  TimeMs AnyTime();
  NodePtr AnyExpression();
  NodePtr Scalar(Want want);
  NodePtr Number(Want want);
  NodePtr NumberInEveryForm();
  NodePtr Quantile(Want want);
  NodePtr SmallCount(Want want);
  NodePtr Ratio(Want want);
  NodePtr Smoothing(Want want);
  NodePtr LabelName(Want want);
  NodePtr Separator(Want want);
  NodePtr Replacement(Want want);
  NodePtr Regex(Want want);
  NodePtr Literal(ValueType type, std::string_view rule, std::string text);

  // grammar_selectors.cc: series and time.
  NodePtr Selector(Want want);
  NodePtr SelectorOf(std::string_view metric, std::string_view mode);
  NodePtr AnyMatchers(std::string_view metric);
  NodePtr Matcher(std::string_view label, std::string_view value);
  NodePtr InfoSelector(Want want);
  NodePtr Buckets(Want want);
  NodePtr Range(Want want);
  NodePtr RangeOf(std::string_view mode, Want want);
  NodePtr Subquery(Want want);
  NodePtr Modifiers();
  NodePtr Offset();
  NodePtr At();
  // `[…]` of a window; `extra_ms` is added in both dialects.
  NodePtr Window(TimeMs extra_ms);
  std::string_view AnyMetric();

  // grammar_calls.cc: functions, aggregations.
  NodePtr Vector(Want want);
  NodePtr Call(ValueType returns, Want want);
  NodePtr CallOf(const promql::FunctionSpec& spec, Want want);
  NodePtr Arguments(const promql::FunctionSpec& spec, Want want);
  NodePtr ExtendedCall(Want want);
  NodePtr Aggregation(Want want);
  NodePtr Grouping(std::string_view kind);

  // grammar_operators.cc: operators and matching.
  NodePtr Binary(Want want);
  NodePtr VectorPair(std::string_view op, Want want);
  NodePtr ScalarBinary(Want want);
  NodePtr Unary(ValueType type, Want want);
  NodePtr Fill();
  NodePtr Invalid(Want want);

  const Data* const data_;
  const PeerWords words_;
  Tally* const tally_;
  std::mt19937_64 random_;
  bool anything_ = false;  // This expression is not for the peer: exactness is not asked for.
  std::vector<std::string_view> metrics_;
};

// How a function's or operator's answer depends on its arguments, for the comparison with the peer.
struct Trait {
  std::string_view name;
  enum class Result : uint8_t {
    kExact,
    kRounded,  // Within 1e-9: the peer's mathematics library rounds otherwise.
    kFolded,   // Within 1e-9: the peer adds in another order. Undefined where sums can overflow.
  } result = Result::kExact;
  bool passes = false;  // Close arguments give a close result: nothing jumps.
  bool tied = false;    // Which of equals it takes is undefined.
  bool far = false;     // Gives numbers whose sums lose digits, whatever the arguments.
};
// Of a function, aggregation or operator; those without a row are exact and need exact arguments.
const Trait& TraitOf(std::string_view name);
// Every row, for the report.
std::vector<Trait> AllTraits();
// What becomes of the facts of `node` when `name` is applied to its parts.
void ApplyTrait(std::string_view name, Node* node);

}  // namespace hearth::promdiff

#endif  // HEARTH_TOOLS_PROMDIFF_GRAMMAR_H_
