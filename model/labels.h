// model/labels.h
//
// A label set: sorted, unique name-value pairs, the metric name included as `__name__`. A series is
// its label set.
//
// A label set is held as the bytes that remote write 1.0 uses for the labels of one TimeSeries, in
// canonical form:
//
//   per label:  0x0a  len(pair)  0x0a  len(name) name  0x12  len(value) value        (lengths are
//   minimal varints)
//
// sorted by name, each name once, no empty value. So a remote write message can be hashed and
// looked up where it lies, and no label is decoded on the append path of a known series (DESIGN.md
// section 3). The price is two to four bytes a label.
//
// Thread safety: Labels and LabelsView are values; concurrent const use is safe.
#ifndef HEARTH_MODEL_LABELS_H_
#define HEARTH_MODEL_LABELS_H_

#include <compare>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace hearth {

inline constexpr std::string_view kMetricNameLabel = "__name__";

struct Label {
  std::string_view name;
  std::string_view value;
  friend bool operator==(const Label&, const Label&) = default;
};

// 128 bits that stand for a label set, everywhere and for ever: XXH3 of the canonical bytes. Series
// of different days are joined by it, so the function must never change. Not proof against an
// adversary who crafts collisions: writers are trusted.
struct Fingerprint {
  uint64_t hi = 0;
  uint64_t lo = 0;
  friend auto operator<=>(const Fingerprint&, const Fingerprint&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const Fingerprint& fp) {
    return H::combine(std::move(h), fp.lo);
  }
};

// The fingerprint of canonical bytes. For other bytes the result is a hash that no series has.
Fingerprint FingerprintOf(std::string_view canonical_bytes);

// A label set that somebody else owns. Valid as long as the bytes are. The bytes must be canonical
// (see ParseLabels).
class LabelsView {
 public:
  LabelsView() = default;
  explicit LabelsView(std::string_view canonical_bytes) : bytes_(canonical_bytes) {}

  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = Label;
    using difference_type = std::ptrdiff_t;
    using pointer = const Label*;
    using reference = Label;

    Iterator() = default;
    explicit Iterator(const char* p) : p_(p) {}
    Label operator*() const;
    // The label as it lies in the set.
    std::string_view bytes() const;
    Iterator& operator++();
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    const char* p_ = nullptr;
  };

  Iterator begin() const { return Iterator(bytes_.data()); }
  Iterator end() const { return Iterator(bytes_.data() + bytes_.size()); }
  bool empty() const { return bytes_.empty(); }
  size_t size() const;  // Number of labels. Walks the set.

  // The value of a label, or "" when it is absent (an absent and an empty label are the same).
  std::string_view Get(std::string_view name) const;
  bool Has(std::string_view name) const { return !Get(name).empty(); }
  std::string_view MetricName() const { return Get(kMetricNameLabel); }

  std::string_view bytes() const { return bytes_; }
  hearth::Fingerprint Fingerprint() const { return FingerprintOf(bytes_); }

  // `{__name__="up", job="x"}` prints as `up{job="x"}`; the empty set as `{}`. Values are quoted
  // with Go's escapes; names that are not legacy identifiers are quoted too.
  std::string ToString() const;

  friend bool operator==(LabelsView a, LabelsView b) { return a.bytes_ == b.bytes_; }

 private:
  std::string_view bytes_;
};

// Prometheus' order of label sets: by the sorted (name, value) pairs, a prefix before what extends
// it.
std::strong_ordering Compare(LabelsView a, LabelsView b);

// A label set that owns its bytes.
class Labels {
 public:
  Labels() = default;
  explicit Labels(LabelsView view) : bytes_(view.bytes()) {}
  // Sorts; drops empty values; for a repeated name the last one wins. For tests and constants.
  Labels(std::initializer_list<std::pair<std::string_view, std::string_view>> pairs);

  LabelsView view() const { return LabelsView(bytes_); }
  operator LabelsView() const {
    return view();
  }  // NOLINT(google-explicit-constructor): an owner is a view.

  LabelsView::Iterator begin() const { return view().begin(); }
  LabelsView::Iterator end() const { return view().end(); }
  bool empty() const { return bytes_.empty(); }
  size_t size() const { return view().size(); }
  std::string_view Get(std::string_view name) const { return view().Get(name); }
  bool Has(std::string_view name) const { return view().Has(name); }
  std::string_view MetricName() const { return view().MetricName(); }
  const std::string& bytes() const { return bytes_; }
  hearth::Fingerprint Fingerprint() const { return FingerprintOf(bytes_); }
  std::string ToString() const { return view().ToString(); }

  friend bool operator==(const Labels& a, const Labels& b) { return a.bytes_ == b.bytes_; }
  friend std::strong_ordering operator<=>(const Labels& a, const Labels& b) {
    return Compare(a.view(), b.view());
  }
  template <typename H>
  friend H AbslHashValue(H h, const Labels& labels) {
    return H::combine(std::move(h), FingerprintOf(labels.bytes_).lo);
  }

 private:
  friend class LabelsBuilder;
  friend absl::StatusOr<Labels> ParseLabels(std::string_view, size_t);
  std::string bytes_;
};

// Edits a label set. Set and Del may come in any order; Build sorts. Copies names and values.
class LabelsBuilder {
 public:
  LabelsBuilder() = default;
  explicit LabelsBuilder(LabelsView base) { Reset(base); }

  void Reset(LabelsView base);
  void Clear() { labels_.clear(); }
  // An empty value deletes the label.
  LabelsBuilder& Set(std::string_view name, std::string_view value);
  LabelsBuilder& Del(std::string_view name);
  // Keeps only the named labels (`names` in any order), or all but those.
  LabelsBuilder& Keep(const std::vector<std::string>& names);
  LabelsBuilder& Drop(const std::vector<std::string>& names);
  std::string_view Get(std::string_view name) const;
  // Calls fn(name, value) for each label in name order.
  template <typename Fn>
  void ForEach(Fn fn) const {
    for (const auto& [name, value] : labels_) fn(std::string_view(name), std::string_view(value));
  }
  bool empty() const { return labels_.empty(); }
  Labels Build() const;

 private:
  // Sorted by name; no empty values. Label sets are small, so a sorted vector beats a map.
  std::vector<std::pair<std::string, std::string>> labels_;
};

// Appends one label in canonical form to `out`. The caller keeps the order and the uniqueness of
// names.
void AppendCanonicalLabel(std::string_view name, std::string_view value, std::string* out);

// Decodes the `labels` fields of a remote write TimeSeries (or stored canonical bytes that have not
// been verified) into canonical form, at most `max_bytes` long. Sorts, and drops empty values.
// Errors (kInvalidArgument): malformed bytes, duplicate name, invalid UTF-8, an empty name. Does
// not require a metric name.
absl::StatusOr<Labels> ParseLabels(std::string_view wire_bytes, size_t max_bytes = size_t{1} << 20);

// True when `bytes` is already exactly what ParseLabels would give.
bool IsCanonical(std::string_view bytes);

// Valid UTF-8, surrogates and overlong forms excluded.
bool IsValidUtf8(std::string_view s);
// [a-zA-Z_][a-zA-Z0-9_]*, and with colons for metric names.
bool IsLegacyLabelName(std::string_view name);
bool IsLegacyMetricName(std::string_view name);
// Appends `s` in double quotes with Go's strconv.Quote escapes.
void AppendQuoted(std::string_view s, std::string* out);

}  // namespace hearth

#endif  // HEARTH_MODEL_LABELS_H_
