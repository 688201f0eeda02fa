#include "rules/template/function.h"

namespace hearth::gotemplate {
namespace {

const StringMap<const FunctionSpec*>& Index() {
  static const StringMap<const FunctionSpec*> index = [] {
    StringMap<const FunctionSpec*> by_name;
    for (const FunctionSpec* function : AllFunctions()) {
      by_name.emplace(std::string(function->name), function);
    }
    return by_name;
  }();
  return index;
}

}  // namespace

std::vector<const FunctionSpec*> AllFunctions() {
  std::vector<const FunctionSpec*> all;
  for (const std::span<const FunctionSpec> family :
       {BuiltinFunctions(), ComparisonFunctions(), HumanizeFunctions(), TextFunctions(),
        VectorFunctions(), TimeFunctions()}) {
    for (const FunctionSpec& function : family) all.push_back(&function);
  }
  return all;
}

const FunctionSpec* FindFunction(std::string_view name) {
  const auto it = Index().find(name);
  return it == Index().end() ? nullptr : it->second;
}

const FunctionSpec* FindMethod(Kind receiver, std::string_view name) {
  for (const MethodSpec& method : TimeMethods()) {
    if (method.receiver == receiver && method.function.name == name) return &method.function;
  }
  return nullptr;
}

std::string_view ParamTypeName(Param param) {
  switch (param) {
    case Param::kAny:
      return "interface {}";
    case Param::kString:
      return "string";
    case Param::kVector:
      return "template.queryResult";
    case Param::kSample:
      return "*template.sample";
  }
  return "";
}

}  // namespace hearth::gotemplate
