#include "tsdb/index/select_postings.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "model/status.h"

namespace hearth {
namespace {

// Series that a matcher accepts by a value they have.
absl::Status Accepted(const PostingsSource& source, const Matcher& matcher, Postings* out) {
  if (matcher.op() == MatchOp::kEqual) return source.Of(matcher.name(), matcher.value(), out);
  if (matcher.op() == MatchOp::kRegex && !matcher.literals().empty()) {
    std::vector<Postings> found(matcher.literals().size());
    for (size_t i = 0; i < found.size(); ++i) {
      HEARTH_RETURN_IF_ERROR(source.Of(matcher.name(), matcher.literals()[i], &found[i]));
    }
    *out = Merge(std::vector<PostingsView>(found.begin(), found.end()));
    return absl::OkStatus();
  }
  return source.OfMatching(matcher, /*matching=*/true, out);
}

// Series that a matcher which accepts "" refuses: those with a value that it does not match.
absl::Status Refused(const PostingsSource& source, const Matcher& matcher, Postings* out) {
  if (matcher.op() == MatchOp::kNotEqual) return source.Of(matcher.name(), matcher.value(), out);
  return source.OfMatching(matcher, /*matching=*/false, out);
}

}  // namespace

absl::Status PostingsSource::OfMatching(const Matcher& matcher, bool matching,
                                        Postings* out) const {
  return OfValues(
      matcher.name(), [&](std::string_view value) { return matcher.Matches(value) == matching; },
      out);
}

absl::StatusOr<Postings> SelectPostings(const PostingsSource& source,
                                        std::span<const Matcher> matchers) {
  // A matcher that refuses "" narrows to the series it accepts; one that accepts "" takes series
  // away, and never has to list those without the label.
  std::vector<Postings> narrowing;
  std::vector<const Matcher*> subtracting;
  for (const Matcher& matcher : matchers) {
    if (matcher.MatchesEverything()) continue;
    if (matcher.MatchesEmpty()) {
      subtracting.push_back(&matcher);
      continue;
    }
    HEARTH_RETURN_IF_ERROR(Accepted(source, matcher, &narrowing.emplace_back()));
    if (narrowing.back().empty()) return Postings();
  }
  if (narrowing.empty()) HEARTH_RETURN_IF_ERROR(source.All(&narrowing.emplace_back()));

  std::sort(narrowing.begin(), narrowing.end(),
            [](const Postings& a, const Postings& b) { return a.size() < b.size(); });
  Postings result = std::move(narrowing.front());
  for (size_t i = 1; i < narrowing.size() && !result.empty(); ++i) {
    result = Intersect(result, narrowing[i]);
  }
  for (const Matcher* matcher : subtracting) {
    if (result.empty()) break;
    Postings refused;
    HEARTH_RETURN_IF_ERROR(Refused(source, *matcher, &refused));
    if (!refused.empty()) result = Without(result, refused);
  }
  return result;
}

absl::StatusOr<Postings> SelectAnyPostings(const PostingsSource& source,
                                           std::span<const std::vector<Matcher>> matcher_sets) {
  if (matcher_sets.empty()) return SelectPostings(source, {});
  std::vector<Postings> found;
  for (const std::vector<Matcher>& matchers : matcher_sets) {
    HEARTH_ASSIGN_OR_RETURN(found.emplace_back(), SelectPostings(source, matchers));
  }
  if (found.size() == 1) return std::move(found.front());
  return Merge(std::vector<PostingsView>(found.begin(), found.end()));
}

}  // namespace hearth
