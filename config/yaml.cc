#include "config/yaml.h"

#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <streambuf>

#include "absl/strings/escaping.h"
#include "model/labels.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth {
namespace {

absl::Status LineError(int line, std::string_view message) {
  return absl::InvalidArgumentError(StrCat("line ", line, ": ", message));
}

// Lets yaml-cpp read a view without a copy.
class ViewBuffer : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* p = const_cast<char*>(text.data());
    setg(p, p, p + text.size());
  }
};

// Thrown inside yaml-cpp's callbacks only, caught in ParseYaml: the one way out of its parser.
struct Abort {
  absl::Status status;
};

// Builds the tree from yaml-cpp's events.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const YamlLimits& limits) : limits_(limits) {}

  YamlNode TakeRoot() { return std::move(root_); }
  bool has_document() const { return has_document_; }

  void OnDocumentStart(const YAML::Mark&) override { has_document_ = true; }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Add(Make(YamlNode::Kind::kNull, mark), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = Make(YamlNode::Kind::kScalar, mark);
    node.scalar = value;
    node.plain = tag == "?";
    if (tag == "tag:yaml.org,2002:binary") {
      node.binary = true;
      if (!absl::Base64Unescape(value, &node.scalar)) {
        throw Abort{LineError(node.line, "!!binary value contains invalid base64 data")};
      }
    }
    Add(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (anchor >= anchors_.size() || anchors_[anchor].line == 0) {
      throw Abort{LineError(mark.line + 1, "anchor contains itself or is unknown")};
    }
    YamlNode copy = anchors_[anchor];
    Count(copy);
    Add(std::move(copy), /*anchor=*/0);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(Make(YamlNode::Kind::kList, mark), anchor);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(Make(YamlNode::Kind::kMap, mark), anchor);
  }
  void OnMapEnd() override { Close(); }

 private:
  struct Frame {
    YamlNode node;
    YAML::anchor_t anchor;
    bool have_key = false;
    YamlNode key;
  };

  YamlNode Make(YamlNode::Kind kind, const YAML::Mark& mark) {
    YamlNode node;
    node.kind = kind;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    CountOne(node.line);
    return node;
  }

  void CountOne(int line) {
    if (++nodes_ > limits_.max_nodes) {
      throw Abort{LineError(line, StrCat("document has more than ", limits_.max_nodes, " nodes"))};
    }
  }

  void Count(const YamlNode& node) {
    CountOne(node.line);
    for (const YamlNode& item : node.items) Count(item);
    for (const auto& [key, value] : node.entries) {
      Count(key);
      Count(value);
    }
  }

  void Open(YamlNode node, YAML::anchor_t anchor) {
    if (static_cast<int>(stack_.size()) >= limits_.max_depth) {
      throw Abort{LineError(node.line, StrCat("nested deeper than ", limits_.max_depth))};
    }
    stack_.push_back(Frame{std::move(node), anchor, false, {}});
  }

  void Close() {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    if (frame.node.is_map()) ExpandMerges(&frame.node);
    Add(std::move(frame.node), frame.anchor);
  }

  void Add(YamlNode node, YAML::anchor_t anchor) {
    if (anchor != 0) {
      if (anchor >= anchors_.size()) anchors_.resize(anchor + 1);
      anchors_[anchor] = node;
      Count(node);
    }
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = stack_.back();
    if (frame.node.is_list()) {
      frame.node.items.push_back(std::move(node));
    } else if (frame.have_key) {
      frame.node.entries.push_back({std::move(frame.key), std::move(node)});
      frame.have_key = false;
    } else {
      if (node.is_null()) {
        node.kind = YamlNode::Kind::kScalar;
        node.scalar = "null";
      }
      if (!node.is_scalar())
        throw Abort{LineError(node.line, StrCat("invalid map key: ", node.Describe()))};
      frame.key = std::move(node);
      frame.have_key = true;
    }
  }

  // `<<: *base` or `<<: [*a, *b]`: entries that the map does not have itself; the earlier map of a
  // list wins.
  static void ExpandMerges(YamlNode* map) {
    std::vector<YamlNode> sources;
    std::erase_if(map->entries, [&](auto& entry) {
      if (!entry.first.plain || entry.first.scalar != "<<") return false;
      if (entry.second.is_list()) {
        for (YamlNode& item : entry.second.items) sources.push_back(std::move(item));
      } else {
        sources.push_back(std::move(entry.second));
      }
      return true;
    });
    for (YamlNode& source : sources) {
      if (!source.is_map()) {
        throw Abort{
            LineError(source.line, "map merge requires map or sequence of maps as the value")};
      }
      for (auto& entry : source.entries) {
        if (map->Find(entry.first.scalar) == nullptr) map->entries.push_back(std::move(entry));
      }
    }
  }

  const YamlLimits& limits_;
  YamlNode root_;
  std::vector<Frame> stack_;
  std::vector<YamlNode> anchors_;  // By yaml-cpp's anchor number.
  size_t nodes_ = 0;
  bool has_document_ = false;
};

absl::StatusOr<YamlNode> ParseOneDocument(std::string_view text, const YamlLimits& limits) {
  ViewBuffer buffer(text);
  std::istream in(&buffer);
  YAML::Parser parser(in);
  TreeBuilder builder(limits);
  if (!parser.HandleNextDocument(builder)) return YamlNode{};
  YamlNode root = builder.TakeRoot();
  TreeBuilder second(limits);
  if (parser.HandleNextDocument(second)) {
    if (const YamlNode more = second.TakeRoot(); !more.is_null()) {
      return LineError(more.line, "only one YAML document is allowed");
    }
  }
  return root;
}

bool NeedsQuotes(std::string_view text) {
  if (text.empty()) return true;
  static constexpr std::string_view kSpecialFirst = "-?:,[]{}#&*!|>'\"%@` ";
  if (kSpecialFirst.find(text[0]) != std::string_view::npos || text.back() == ' ' ||
      text.back() == ':')
    return true;
  for (size_t i = 0; i < text.size(); ++i) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7f) return true;
    if (c == ':' && text[i + 1 < text.size() ? i + 1 : i] == ' ') return true;
    if (c == '#' && i > 0 && text[i - 1] == ' ') return true;
  }
  static constexpr std::string_view kWords[] = {
      "null",  "Null", "NULL", "~",  "true", "True", "TRUE", "false", "False",
      "FALSE", "yes",  "Yes",  "no", "No",   "on",   "On",   "off",   "Off",
      "y",     "n",    "Y",    "N",  "YES",  "NO",   "ON",   "OFF",   "<<"};
  for (const std::string_view word : kWords) {
    if (text == word) return true;
  }
  // Whatever may read as a number.
  return text.find_first_not_of("0123456789.+-eExX_abcdefABCDEF:") == std::string_view::npos &&
         ((text[0] >= '0' && text[0] <= '9') || text[0] == '.' || text[0] == '+');
}

}  // namespace

bool operator==(const YamlNode& a, const YamlNode& b) {
  return a.kind == b.kind && a.plain == b.plain && a.scalar == b.scalar && a.items == b.items &&
         a.entries == b.entries;
}

const YamlNode* YamlNode::Find(std::string_view key) const {
  for (const auto& [name, value] : entries) {
    if (name.scalar == key) return &value;
  }
  return nullptr;
}

std::string YamlNode::Describe() const {
  switch (kind) {
    case Kind::kNull:
      return "!!null";
    case Kind::kList:
      return "!!seq";
    case Kind::kMap:
      return "!!map";
    case Kind::kScalar:
      break;
  }
  return StrCat("!!str `", scalar.size() > 40 ? scalar.substr(0, 37) + "..." : scalar, "`");
}

absl::StatusOr<YamlNode> ParseYaml(std::string_view text, const YamlLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return absl::InvalidArgumentError(
        StrCat("YAML text of ", text.size(), " bytes is over the limit of ", limits.max_bytes));
  }
  // yaml-cpp reports errors by exceptions; none leaves this function.
  try {
    return ParseOneDocument(text, limits);
  } catch (const Abort& abort) {
    return abort.status;
  } catch (const YAML::Exception& e) {
    return LineError(e.mark.line + 1, StrCat("yaml: ", e.msg));
  } catch (const std::exception& e) {
    return absl::InvalidArgumentError(StrCat("yaml: ", e.what()));
  }
}

void AppendYamlString(std::string_view text, std::string* out) {
  if (NeedsQuotes(text)) {
    AppendQuoted(text, out);
  } else {
    out->append(text);
  }
}

namespace {

// What stood without quotes does so again where it is one word: a number is no text.
void AppendScalar(const YamlNode& node, std::string* out) {
  static constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  static constexpr std::string_view kNumbers = "0123456789.+-_";
  const auto is_plain = [](char c) {
    return kLetters.find(c) != std::string_view::npos || kNumbers.find(c) != std::string_view::npos;
  };
  if (node.plain && !node.scalar.empty() && node.scalar != "-" &&
      std::all_of(node.scalar.begin(), node.scalar.end(), is_plain)) {
    out->append(node.scalar);
  } else {
    AppendYamlString(node.scalar, out);
  }
}

// A key with its colon. YAML finds the colon of a long one by a question mark only.
void AppendKey(std::string_view key, std::string_view pad, std::string* out) {
  constexpr size_t kImplicitMax = 1000;  // The specification has 1024.
  std::string text;
  AppendYamlString(key, &text);
  if (text.size() > kImplicitMax) {
    StrAppend(out, "? ", text, "\n", pad, ":");
  } else {
    StrAppend(out, text, ":");
  }
}

}  // namespace

void AppendYaml(const YamlNode& node, int indent, std::string* out) {
  const std::string pad(static_cast<size_t>(indent), ' ');
  const auto value = [&](const YamlNode& child, int child_indent) {
    switch (child.kind) {
      case YamlNode::Kind::kNull:
        out->append(" null\n");
        return;
      case YamlNode::Kind::kScalar:
        out->push_back(' ');
        AppendScalar(child, out);
        out->push_back('\n');
        return;
      case YamlNode::Kind::kList:
        if (child.items.empty()) {
          out->append(" []\n");
          return;
        }
        break;
      case YamlNode::Kind::kMap:
        if (child.entries.empty()) {
          out->append(" {}\n");
          return;
        }
        break;
    }
    out->push_back('\n');
    AppendYaml(child, child_indent, out);
  };
  for (const auto& [key, child] : node.entries) {
    out->append(pad);
    AppendKey(key.scalar, pad, out);
    value(child, child.is_list() ? indent : indent + 2);
  }
  for (const YamlNode& item : node.items) {
    StrAppend(out, pad, "-");
    const size_t start = out->size();
    value(item, indent + 2);
    // A collection starts on the dash's own line: "- key: value".
    if ((item.is_map() || item.is_list()) && start < out->size() && (*out)[start] == '\n') {
      out->replace(start, 1 + pad.size() + 2, " ");
    }
  }
}

}  // namespace hearth
