// tools/promdiff/node.h
//
// An expression as the generator makes it: a tree of pieces of text, in two dialects, with what is
// known about its answer. Kept apart from the engine's own tree on purpose: an expression that the
// engine's parser misreads must be printable and shrinkable too.
//
// Thread safety: values. Nodes are shared and never changed once made.
#ifndef HEARTH_TOOLS_PROMDIFF_NODE_H_
#define HEARTH_TOOLS_PROMDIFF_NODE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "query/parse/ast.h"

namespace hearth::promdiff {

using promql::ValueType;

// The peer may be a Prometheus 2: `(?s:…)` for a regular expression, `holt_winters`, a range that
// is a millisecond shorter because its left end is closed.
enum class Dialect { kHearth, kPeer };

// What is known about the answer of an expression, from what it is made of.
struct Facts {
  bool exact = true;         // The peer's answer is the same bits; else within 1e-9 relative.
  bool comparable = true;    // The peer knows the words, and its answer is defined.
  bool needs_range = false;  // Looks at the query's start, end or step: a range query's step k is
                             // not the instant query at that time.
  bool wild = false;         // Sums of the values may overflow or lose their digits on the way.
  bool tied = false;         // Which of several equals is in the answer is undefined.
  bool in_process = false;   // Needs what the server does not offer yet (start timestamps).
  bool valid = true;         // False: both must refuse it.

  void Add(const Facts& part);
};

struct Node;
using NodePtr = std::shared_ptr<const Node>;

// Text in both dialects, or a child.
struct Part {
  Part(const char* text) : hearth(text), peer(text) {}  // NOLINT(google-explicit-constructor)
  Part(std::string text)                                // NOLINT(google-explicit-constructor)
      : hearth(text), peer(std::move(text)) {}
  Part(std::string for_hearth, std::string for_peer)
      : hearth(std::move(for_hearth)), peer(std::move(for_peer)) {}
  Part(NodePtr node) : child(std::move(node)) {}  // NOLINT(google-explicit-constructor)

  std::string hearth, peer;  // Unused when there is a child.
  NodePtr child;
};

struct Node {
  ValueType type =
      ValueType::kNone;  // kNone: not an expression of its own (a modifier, a matcher).
  std::string rule;      // What made it: a function's name, "selector" …
  std::vector<Part> parts;
  bool optional = false;             // May be left out without making the whole invalid.
  std::vector<std::string> simpler;  // Texts that may stand in its place, valid in both dialects.
  Facts facts;
};

std::string Text(const Node& node, Dialect dialect);

// A node whose facts are the sum of its parts'.
std::shared_ptr<Node> Compose(ValueType type, std::string rule, std::vector<Part> parts);

// True when `rule` made the node or one below it.
bool Contains(const Node& node, std::string_view rule);

}  // namespace hearth::promdiff

#endif  // HEARTH_TOOLS_PROMDIFF_NODE_H_
