// tsdb/index/select_postings.h
//
// From matchers to series: the one place that knows which postings satisfy a list of matchers, for
// the head and for stored windows alike. Both implement PostingsSource.
#ifndef HEARTH_TSDB_INDEX_SELECT_POSTINGS_H_
#define HEARTH_TSDB_INDEX_SELECT_POSTINGS_H_

#include <span>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/matcher.h"
#include "tsdb/index/postings.h"

namespace hearth {

// One index: label pairs and the ids of the series that carry them. Thread safety: as the
// implementation says; SelectPostings uses it from the calling thread only.
class PostingsSource {
 public:
  virtual ~PostingsSource() = default;

  // Replaces *out by every series of the index.
  virtual absl::Status All(Postings* out) const = 0;
  // Replaces *out by the series that carry (name, value); empty when none does.
  virtual absl::Status Of(std::string_view name, std::string_view value, Postings* out) const = 0;
  // Replaces *out by the series whose value of `name` is wanted. `wanted` is asked once for each
  // value that the index holds, in any order; the postings of values that are not wanted need not
  // be read.
  virtual absl::Status OfValues(std::string_view name,
                                absl::FunctionRef<bool(std::string_view value)> wanted,
                                Postings* out) const = 0;
  // The same for the values that satisfy the matcher, or do not. An index that has been asked
  // before may remember.
  virtual absl::Status OfMatching(const Matcher& matcher, bool matching, Postings* out) const;
};

// The series that satisfy all matchers, with Prometheus' semantics: an absent label has the value
// "", so a matcher that accepts
// "" also takes the series without the label. No matchers select every series.
absl::StatusOr<Postings> SelectPostings(const PostingsSource& source,
                                        std::span<const Matcher> matchers);

// The series that satisfy all matchers of one of the sets; no sets select every series.
absl::StatusOr<Postings> SelectAnyPostings(const PostingsSource& source,
                                           std::span<const std::vector<Matcher>> matcher_sets);

}  // namespace hearth

#endif  // HEARTH_TSDB_INDEX_SELECT_POSTINGS_H_
