// Functions that rewrite labels: label_replace, label_join.
#include <cctype>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "model/text.h"
#include "query/functions/families.h"
#include "re2/re2.h"

namespace hearth::promql {
namespace {

absl::Status BadDestination(std::string_view function, const std::string& name) {
  return absl::FailedPreconditionError(
      StrCat("invalid destination label name in ", function, "(): ", name));
}

bool ValidLabelName(std::string_view name) { return !name.empty() && IsValidUtf8(name); }

// Replaces $1, ${1}, $name and ${name} in `text` by what the groups matched, $$ by a dollar sign,
// as Go's regexp.Expand.
std::string Expand(std::string_view text, const RE2& regex,
                   const std::vector<re2::StringPiece>& groups) {
  std::string out;
  const auto append_group = [&](std::string_view name) {
    int index = -1;
    if (!absl::SimpleAtoi(ToAbsl(name), &index)) {
      const auto& names = regex.NamedCapturingGroups();
      const auto it = names.find(std::string(name));
      index = it == names.end() ? -1 : it->second;
    }
    if (index < 0 || static_cast<size_t>(index) >= groups.size()) return;
    const re2::StringPiece& group = groups[static_cast<size_t>(index)];
    out.append(group.data(), group.size());
  };
  const auto is_word = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
  };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$') {
      out += text[i];
      continue;
    }
    if (i + 1 < text.size() && text[i + 1] == '$') {
      out += '$';
      ++i;
      continue;
    }
    const bool brace = i + 1 < text.size() && text[i + 1] == '{';
    const size_t begin = i + 1 + (brace ? 1 : 0);
    size_t end = begin;
    while (end < text.size() && is_word(text[end])) ++end;
    if (end == begin || (brace && (end == text.size() || text[end] != '}'))) {
      out += '$';  // Malformed: stands for itself.
      continue;
    }
    append_group(text.substr(begin, end - begin));
    i = brace ? end : end - 1;
  }
  return out;
}

class LabelReplace : public LabelRewriter {
 public:
  // (destination, replacement, source, regex)
  static absl::StatusOr<std::unique_ptr<LabelRewriter>> Create(std::span<const std::string> args) {
    RE2::Options options;
    options.set_log_errors(false);
    auto regex = std::make_unique<RE2>(StrCat("^(?s:", args[3], ")$"), options);
    if (!regex->ok()) {
      return absl::FailedPreconditionError(
          StrCat("invalid regular expression in label_replace(): ", args[3]));
    }
    if (!ValidLabelName(args[0])) return BadDestination("label_replace", args[0]);
    return std::make_unique<LabelReplace>(args, std::move(regex));
  }
  LabelReplace(std::span<const std::string> args, std::unique_ptr<RE2> regex)
      : to_(args[0]), replacement_(args[1]), from_(args[2]), regex_(std::move(regex)) {}

  bool Rewrite(LabelsBuilder* labels) const override {
    const std::string source(labels->Get(from_));
    std::vector<re2::StringPiece> groups(static_cast<size_t>(regex_->NumberOfCapturingGroups()) +
                                         1);
    if (!regex_->Match(source, 0, source.size(), RE2::ANCHOR_BOTH, groups.data(),
                       static_cast<int>(groups.size()))) {
      return false;
    }
    labels->Set(to_, Expand(replacement_, *regex_, groups));
    return to_ == kMetricNameLabel;
  }

 private:
  const std::string to_, replacement_, from_;
  const std::unique_ptr<RE2> regex_;
};

class LabelJoin : public LabelRewriter {
 public:
  // (destination, separator, source…)
  static absl::StatusOr<std::unique_ptr<LabelRewriter>> Create(std::span<const std::string> args) {
    for (const std::string& source : args.subspan(2)) {
      if (!ValidLabelName(source)) {
        return absl::FailedPreconditionError(
            StrCat("invalid source label name in label_join(): ", source));
      }
    }
    if (!ValidLabelName(args[0])) return BadDestination("label_join", args[0]);
    return std::make_unique<LabelJoin>(args);
  }
  explicit LabelJoin(std::span<const std::string> args)
      : to_(args[0]), separator_(args[1]), from_(args.begin() + 2, args.end()) {}

  bool Rewrite(LabelsBuilder* labels) const override {
    std::string joined;
    for (size_t i = 0; i < from_.size(); ++i) {
      if (i > 0) joined += separator_;
      joined += labels->Get(from_[i]);
    }
    labels->Set(to_, joined);
    return to_ == kMetricNameLabel;
  }

 private:
  const std::string to_, separator_;
  const std::vector<std::string> from_;
};

constexpr ValueType kJoinArgs[] = {ValueType::kInstantVector, ValueType::kString,
                                   ValueType::kString, ValueType::kString};
constexpr ValueType kReplaceArgs[] = {ValueType::kInstantVector, ValueType::kString,
                                      ValueType::kString, ValueType::kString, ValueType::kString};

constexpr FunctionSpec kFunctions[] = {
    {.name = "label_join",
     .args = kJoinArgs,
     .variadic = -1,
     .metric_name = MetricNameRule::kKeep,
     .kernel = {.shape = Shape::kRelabel, .relabel = &LabelJoin::Create},
     .summary = "Sets a label to the values of others, joined by a separator.",
     .example = "label_join(up, \"target\", \"/\", \"job\", \"instance\")"},
    {.name = "label_replace",
     .args = kReplaceArgs,
     .metric_name = MetricNameRule::kKeep,
     .kernel = {.shape = Shape::kRelabel, .relabel = &LabelReplace::Create},
     .summary = "Sets a label from another one by a regular expression.",
     .example = "label_replace(up, \"host\", \"$1\", \"instance\", \"(.*):.*\")"},
};

}  // namespace

std::span<const FunctionSpec> LabelFunctions() { return kFunctions; }

}  // namespace hearth::promql
