#include "tools/promdiff/minimiser.h"

#include <utility>
#include <vector>

namespace hearth::promdiff {
namespace {

constexpr TimeMs kMinute = 60'000;

NodePtr TextNode(const Node& like, std::string text) {
  auto node = std::make_shared<Node>();
  node->type = like.type;
  node->rule = like.rule;
  node->parts = {Part(std::move(text))};
  node->facts = like.facts;
  return node;
}

// Every expression below `node` of the type `type`, the upper ones first.
void Below(const Node& node, ValueType type, std::vector<NodePtr>* found) {
  for (const Part& part : node.parts) {
    if (part.child != nullptr && part.child->type == type) found->push_back(part.child);
  }
  for (const Part& part : node.parts) {
    if (part.child != nullptr) Below(*part.child, type, found);
  }
}

// What may stand in the place of `node` alone, the smallest first.
std::vector<NodePtr> Substitutes(const NodePtr& node) {
  std::vector<NodePtr> all;
  if (node->optional) all.push_back(TextNode(*node, ""));
  if (node->parts.size() == 1 && node->parts[0].child == nullptr &&
      (node->simpler.empty() || node->rule == "number")) {
    return all;  // Text already.
  }
  for (const std::string& text : node->simpler) all.push_back(TextNode(*node, text));
  if (node->type == ValueType::kScalar) all.push_back(TextNode(*node, "1"));
  if (node->type != ValueType::kNone) Below(*node, node->type, &all);
  return all;
}

// `root` with each node replaced in turn.
void Replaced(const NodePtr& node, const std::function<void(NodePtr)>& emit) {
  for (const NodePtr& substitute : Substitutes(node)) emit(substitute);
  for (size_t i = 0; i < node->parts.size(); ++i) {
    if (node->parts[i].child == nullptr) continue;
    Replaced(node->parts[i].child, [&](NodePtr smaller) {
      auto copy = std::make_shared<Node>(*node);
      copy->parts[i] = Part(std::move(smaller));
      emit(std::move(copy));
    });
  }
}

std::vector<Query> Candidates(const Query& query) {
  std::vector<Query> all;
  for (TimeMs t = query.start_ms; !query.instant() && t <= query.end_ms; t += query.step_ms) {
    all.push_back({query.expr, t, t, 0});
  }
  const size_t instants = all.size();
  Replaced(query.expr, [&](NodePtr expr) {
    all.push_back({std::move(expr), query.start_ms, query.end_ms, query.step_ms});
  });
  // Parts of another type, and what a subquery asks, at the times when it may ask it.
  for (const ValueType type :
       {ValueType::kInstantVector, ValueType::kRangeVector, ValueType::kScalar}) {
    std::vector<NodePtr> parts;
    if (type != query.expr->type) Below(*query.expr, type, &parts);
    for (NodePtr& part : parts) {
      all.push_back({part, query.start_ms, query.end_ms, query.step_ms});
      if (query.expr->rule != "subquery" || !query.instant()) continue;
      for (TimeMs back = 0; back < kMinute * 30; back += 15'000) {
        const TimeMs t = query.start_ms / 15'000 * 15'000 - back;
        all.push_back({part, t, t, 0});
      }
    }
  }
  // Fewer steps, when no single one does.
  if (instants > 2) {
    const TimeMs half = static_cast<TimeMs>(instants / 2) * query.step_ms;
    all.push_back(
        {query.expr, query.start_ms, query.start_ms + half - query.step_ms, query.step_ms});
    all.push_back({query.expr, query.start_ms + half, query.end_ms, query.step_ms});
  }
  return all;
}

size_t Size(const Query& query) {
  return Text(*query.expr, Dialect::kHearth).size() + (query.instant() ? 0 : 1000);
}

}  // namespace

Query Minimise(const Query& query, const std::function<bool(const Query&)>& fails, int max_tries) {
  Query smallest = query;
  int tries = 0;
  for (bool shrunk = true; shrunk;) {
    shrunk = false;
    for (Query& candidate : Candidates(smallest)) {
      const bool pins =
          Size(candidate) >= Size(smallest) &&
          Text(*candidate.expr, Dialect::kHearth) != Text(*smallest.expr, Dialect::kHearth);
      // A selector pinned to one series is longer and yet less; each is pinned once only, as its
      // pinned form is text.
      const bool fewer_steps = !candidate.instant() && candidate.end_ms - candidate.start_ms <
                                                           smallest.end_ms - smallest.start_ms;
      if (!pins && !fewer_steps && Size(candidate) >= Size(smallest)) continue;
      if (++tries > max_tries) return smallest;
      if (!fails(candidate)) continue;
      smallest = std::move(candidate);
      shrunk = true;
      break;
    }
  }
  return smallest;
}

}  // namespace hearth::promdiff
