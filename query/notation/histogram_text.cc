#include "query/notation/histogram_text.h"

#include <cstdint>
#include <string_view>
#include <vector>

#include "model/histogram_buckets.h"
#include "model/text.h"
#include "query/parse/literals.h"

namespace hearth::promql {
namespace {

constexpr int64_t kEmptyBucketsMax = 1000;

// The keys of a literal with what stands behind their colons.
class LiteralKeys {
 public:
  void Add(std::string_view key, std::string_view text) {
    StrAppend(&text_, text_.empty() ? "" : " ", key, ":", text);
  }
  void AddUnlessZero(std::string_view key, double value) {
    if (value != 0) Add(key, ShortNumberText(value));
  }
  std::string Text() const { return StrCat("{{", text_, "}}"); }

 private:
  std::string text_;
};

void AppendItem(std::string_view text, std::string* list) {
  StrAppend(list, list->empty() ? "" : " ", text);
}

void AddBuckets(const std::vector<HistogramSpan>& spans, const std::vector<double>& counts,
                std::string_view offset_key, std::string_view buckets_key, LiteralKeys* keys) {
  std::string list;
  int64_t first = 0, next = 0;  // Of the populated buckets; behind the last one.
  ForEachBucket(spans, counts, [&](int64_t index, double count) {
    if (count == 0) return;
    if (list.empty()) {
      first = next = index;
    } else if (index - next > kEmptyBucketsMax) {
      AppendItem(StrCat("0x", index - next), &list);
      next = index;
    }
    for (; next < index; ++next) AppendItem("0", &list);
    AppendItem(ShortNumberText(count), &list);
    next = index + 1;
  });
  if (list.empty()) return;
  if (first != 0) keys->Add(offset_key, StrCat(first));
  keys->Add(buckets_key, StrCat("[", list, "]"));
}

std::string_view HintText(CounterResetHint hint) {
  switch (hint) {
    case CounterResetHint::kUnknown:
      break;
    case CounterResetHint::kReset:
      return "reset";
    case CounterResetHint::kNotReset:
      return "not_reset";
    case CounterResetHint::kGauge:
      return "gauge";
  }
  return "unknown";
}

}  // namespace

std::string HistogramLiteralText(const Histogram& histogram) {
  const bool custom = histogram.schema == kCustomBucketsSchema;
  LiteralKeys keys;
  if (histogram.schema != 0) keys.Add("schema", StrCat(histogram.schema));
  keys.AddUnlessZero("count", histogram.count);
  keys.AddUnlessZero("sum", histogram.sum);
  if (custom) {
    std::string bounds;
    for (const double bound : histogram.custom_values) AppendItem(ShortNumberText(bound), &bounds);
    keys.Add("custom_values", StrCat("[", bounds, "]"));
  } else {
    keys.AddUnlessZero("z_bucket", histogram.zero_count);
    keys.AddUnlessZero("z_bucket_w", histogram.zero_threshold);
  }
  if (histogram.counter_reset_hint != CounterResetHint::kUnknown)
    keys.Add("counter_reset_hint", HintText(histogram.counter_reset_hint));
  AddBuckets(histogram.positive_spans, histogram.positive_buckets, "offset", "buckets", &keys);
  if (!custom) {
    AddBuckets(histogram.negative_spans, histogram.negative_buckets, "n_offset", "n_buckets",
               &keys);
  }
  return keys.Text();
}

std::string HistogramText(const Histogram& histogram) {
  std::string text =
      StrCat("{count:", ShortNumberText(histogram.count), ", sum:", ShortNumberText(histogram.sum));
  for (const HistogramBucket& bucket : PopulatedBuckets(histogram)) {
    StrAppend(&text, ", ", bucket.lower_inclusive ? "[" : "(", ShortNumberText(bucket.lower), ",",
              ShortNumberText(bucket.upper), bucket.upper_inclusive ? "]" : ")", ":",
              ShortNumberText(bucket.count));
  }
  return text + "}";
}

}  // namespace hearth::promql
