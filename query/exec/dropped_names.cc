#include "query/exec/dropped_names.h"

#include <algorithm>

namespace hearth::promql {

void DroppedNames::Add(const Function& more, Function* function) {
  if (!more.any) return;
  function->mixed = function->mixed || more.mixed || (function->any && function->name != more.name);
  function->any = true;
  function->name = more.name;
}

bool DroppedNames::Merge(const DroppedNames& other) {
  if (functions_.size() != other.functions_.size()) return false;
  for (size_t i = 0; i < functions_.size(); ++i) Add(other.functions_[i], &functions_[i]);
  return distinct();
}

bool DroppedNames::distinct() const {
  return std::none_of(functions_.begin(), functions_.end(),
                      [](const Function& function) { return function.mixed; });
}

size_t DroppedNames::bytes() const {
  size_t bytes = 0;
  for (const Function& function : functions_) bytes += sizeof(function) + function.name.capacity();
  return bytes;
}

}  // namespace hearth::promql
