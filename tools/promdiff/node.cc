#include "tools/promdiff/node.h"

#include <algorithm>

namespace hearth::promdiff {

void Facts::Add(const Facts& part) {
  exact = exact && part.exact;
  comparable = comparable && part.comparable;
  needs_range = needs_range || part.needs_range;
  wild = wild || part.wild;
  tied = tied || part.tied;
  in_process = in_process || part.in_process;
  valid = valid && part.valid;
}

std::string Text(const Node& node, Dialect dialect) {
  std::string text;
  for (const Part& part : node.parts) {
    if (part.child != nullptr) {
      text += Text(*part.child, dialect);
    } else {
      text += dialect == Dialect::kHearth ? part.hearth : part.peer;
    }
  }
  return text;
}

std::shared_ptr<Node> Compose(ValueType type, std::string rule, std::vector<Part> parts) {
  auto node = std::make_shared<Node>();
  node->type = type;
  node->rule = std::move(rule);
  node->parts = std::move(parts);
  for (const Part& part : node->parts) {
    if (part.child != nullptr) node->facts.Add(part.child->facts);
  }
  return node;
}

bool Contains(const Node& node, std::string_view rule) {
  return node.rule == rule ||
         std::any_of(node.parts.begin(), node.parts.end(), [rule](const Part& part) {
           return part.child != nullptr && Contains(*part.child, rule);
         });
}

}  // namespace hearth::promdiff
