// Queries and their results, and args.
#include <algorithm>

#include "model/text.h"
#include "rules/template/function.h"

namespace hearth::gotemplate {
namespace {

using Args = std::span<const Value>;

absl::Status NilSample() {
  return absl::InvalidArgumentError(
      "runtime error: invalid memory address or nil pointer dereference");
}

absl::StatusOr<Value> Query(CallContext& context, Args args) {
  if (!context.environment.query) {
    return absl::FailedPreconditionError("queries cannot be evaluated here");
  }
  absl::Status spent = context.budget->Spend(kStepsPerQuery);
  if (!spent.ok()) return spent;
  absl::StatusOr<std::vector<Sample>> samples = context.environment.query(args[0].text());
  if (!samples.ok()) return samples.status();
  spent = context.budget->Spend(static_cast<int64_t>(samples->size()));
  if (!spent.ok()) return spent;
  return Value::OfVector(*std::move(samples));
}

absl::StatusOr<Value> First(CallContext&, Args args) {
  if (args[0].is_nil() || args[0].vector().size() == 0) {
    return absl::InvalidArgumentError("first() called on vector with no elements");
  }
  return Value::OfSample(args[0].vector()[0]);
}

absl::StatusOr<Value> LabelOf(CallContext&, Args args) {
  if (args[1].is_nil()) return NilSample();
  return Value::String(std::string(args[1].sample().labels.Get(args[0].text())));
}

absl::StatusOr<Value> ValueOf(CallContext&, Args args) {
  if (args[0].is_nil()) return NilSample();
  return args[0].sample().value;
}

absl::StatusOr<Value> StrValue(CallContext&, Args args) {
  if (args[0].is_nil()) return NilSample();
  return Value::String(std::string(args[0].sample().labels.Get("__value__")));
}

// A sorted copy of the pointers; Go sorts the result in place, which nobody sees but who keeps it
// in a variable.
absl::StatusOr<Value> SortByLabel(CallContext& context, Args args) {
  if (args[1].is_nil()) return Value();
  const std::string& name = args[0].text();
  const Vector& vector = args[1].vector();
  const absl::Status spent = context.budget->Spend(static_cast<int64_t>(vector.size()));
  if (!spent.ok()) return spent;
  std::vector<SamplePtr> sorted;
  sorted.reserve(vector.size());
  for (size_t i = 0; i < vector.size(); ++i) sorted.push_back(vector[i]);
  std::stable_sort(sorted.begin(), sorted.end(), [&](const SamplePtr& a, const SamplePtr& b) {
    return a->labels.Get(name) < b->labels.Get(name);
  });
  const size_t size = sorted.size();
  return Value::OfVector(
      Vector{std::make_shared<const std::vector<SamplePtr>>(std::move(sorted)), 0, size});
}

absl::StatusOr<Value> MakeArgs(CallContext&, Args args) {
  auto map = std::make_shared<Map>();
  for (size_t i = 0; i < args.size(); ++i) {
    if (args[i].kind() == Kind::kMap) map->depth = std::max(map->depth, args[i].map().depth + 1);
    map->entries.emplace(StrCat("arg", i), args[i]);
  }
  if (map->depth > kMaxMapDepth) {
    return absl::ResourceExhaustedError(StrCat("args nested deeper than ", kMaxMapDepth));
  }
  return Value::OfMap(std::move(map));
}

constexpr Param kVectorOnly[] = {Param::kVector};
constexpr Param kSampleOnly[] = {Param::kSample};
constexpr Param kStringAndSample[] = {Param::kString, Param::kSample};
constexpr Param kStringAndVector[] = {Param::kString, Param::kVector};

constexpr FunctionSpec kVectorFunctions[] = {
    {.name = "args", .params = kOneAny, .variadic = true, .kernel = &MakeArgs},
    {.name = "first", .params = kVectorOnly, .kernel = &First},
    {.name = "label", .params = kStringAndSample, .kernel = &LabelOf},
    {.name = "query", .params = kOneString, .kernel = &Query},
    {.name = "sortByLabel", .params = kStringAndVector, .kernel = &SortByLabel},
    {.name = "strvalue", .params = kSampleOnly, .kernel = &StrValue},
    {.name = "value", .params = kSampleOnly, .kernel = &ValueOf},
};

}  // namespace

std::span<const FunctionSpec> VectorFunctions() { return kVectorFunctions; }

}  // namespace hearth::gotemplate
