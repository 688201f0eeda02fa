// Native histograms as scripts write them.
#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <system_error>

#include "absl/status/status.h"
#include "model/histogram_buckets.h"
#include "model/status.h"
#include "model/text.h"
#include "query/notation/series_line.h"

namespace hearth::promql {
namespace {

absl::Status Bad(std::string_view what, std::string_view text) {
  return absl::InvalidArgumentError(StrCat("histogram: bad ", what, ": \"", text, "\""));
}

bool ToNumber(std::string_view text, double* value) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}

bool ToNumbers(std::string_view text, std::vector<double>* values) {
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return false;
  text = text.substr(1, text.size() - 2);
  while (!text.empty()) {
    const size_t space = std::min(text.find(' '), text.size());
    if (space > 0) {
      values->emplace_back();
      if (!ToNumber(text.substr(0, space), &values->back())) return false;
    }
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return true;
}

bool ToHint(std::string_view text, CounterResetHint* hint) {
  if (text == "unknown")
    *hint = CounterResetHint::kUnknown;
  else if (text == "reset")
    *hint = CounterResetHint::kReset;
  else if (text == "not_reset")
    *hint = CounterResetHint::kNotReset;
  else if (text == "gauge")
    *hint = CounterResetHint::kGauge;
  else
    return false;
  return true;
}

// *spans and *counts with `sign` times those of the others. False when they lie too far apart.
bool AddBuckets(const std::vector<HistogramSpan>& other_spans, const std::vector<double>& others,
                double sign, std::vector<HistogramSpan>* spans, std::vector<double>* counts) {
  std::map<int64_t, double> buckets;
  ForEachBucket(*spans, *counts, [&](int64_t index, double count) { buckets[index] = count; });
  ForEachBucket(other_spans, others,
                [&](int64_t index, double count) { buckets[index] += sign * count; });
  spans->clear();
  counts->clear();
  int64_t end = 0;
  for (const auto& [index, count] : buckets) {
    if (spans->empty() || index != end) {
      const int64_t offset = index - end;
      if (offset != static_cast<int32_t>(offset)) return false;
      spans->push_back({static_cast<int32_t>(offset), 0});
    }
    ++spans->back().length;
    counts->push_back(count);
    end = index + 1;
  }
  return true;
}

// What the keys of a literal say.
struct LiteralParts {
  Histogram h;
  double schema = 0, offset = 0, negative_offset = 0;
  bool hint_written = false;
};

struct LiteralKey {
  std::string_view name;
  bool (*read)(std::string_view word, LiteralParts* parts);
};

constexpr LiteralKey kKeys[] = {
    {"schema", [](auto word, auto* parts) { return ToNumber(word, &parts->schema); }},
    {"sum", [](auto word, auto* parts) { return ToNumber(word, &parts->h.sum); }},
    {"count", [](auto word, auto* parts) { return ToNumber(word, &parts->h.count); }},
    {"z_bucket", [](auto word, auto* parts) { return ToNumber(word, &parts->h.zero_count); }},
    {"z_bucket_w", [](auto word, auto* parts) { return ToNumber(word, &parts->h.zero_threshold); }},
    {"offset", [](auto word, auto* parts) { return ToNumber(word, &parts->offset); }},
    {"n_offset", [](auto word, auto* parts) { return ToNumber(word, &parts->negative_offset); }},
    {"buckets", [](auto word, auto* parts) { return ToNumbers(word, &parts->h.positive_buckets); }},
    {"n_buckets",
     [](auto word, auto* parts) { return ToNumbers(word, &parts->h.negative_buckets); }},
    {"custom_values",
     [](auto word, auto* parts) { return ToNumbers(word, &parts->h.custom_values); }},
    {"counter_reset_hint",
     [](auto word, auto* parts) {
       parts->hint_written = true;
       return ToHint(word, &parts->h.counter_reset_hint);
     }},
};

bool IsIndex(double value) {
  return value >= std::numeric_limits<int32_t>::min() &&
         value <= std::numeric_limits<int32_t>::max();
}

}  // namespace

absl::StatusOr<SequenceValue> ParseHistogramLiteral(std::string_view text) {
  LiteralParts parts;
  std::set<std::string_view> seen;
  while (true) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    if (text.empty()) break;
    const size_t colon = text.find(':');
    if (colon == std::string_view::npos) return Bad("key", text);
    const std::string_view key = text.substr(0, colon);
    text.remove_prefix(colon + 1);
    const bool list = text.starts_with('[');
    const size_t end = list ? text.find(']') : text.find(' ');
    if (list && end == std::string_view::npos) return Bad("list", text);
    const std::string_view word = text.substr(0, list ? end + 1 : end);
    text.remove_prefix(word.size());
    const auto* const row = std::find_if(std::begin(kKeys), std::end(kKeys),
                                         [&](const LiteralKey& k) { return k.name == key; });
    if (row == std::end(kKeys) || !seen.insert(key).second || !row->read(word, &parts))
      return Bad(key, word);
  }
  for (const double index : {parts.schema, parts.offset, parts.negative_offset}) {
    if (!IsIndex(index)) return Bad("schema or offset", StrCat(index));
  }
  Histogram h = std::move(parts.h);
  h.schema = static_cast<int32_t>(parts.schema);
  if (!h.positive_buckets.empty()) {
    h.positive_spans = {
        {static_cast<int32_t>(parts.offset), static_cast<uint32_t>(h.positive_buckets.size())}};
  }
  if (!h.negative_buckets.empty()) {
    h.negative_spans = {{static_cast<int32_t>(parts.negative_offset),
                         static_cast<uint32_t>(h.negative_buckets.size())}};
  }
  SequenceValue value;
  value.hint_written = parts.hint_written;
  value.histogram = std::move(h);
  return value;
}

absl::StatusOr<Histogram> AddHistogram(const Histogram& a, const Histogram& b, double sign) {
  if (a.schema != b.schema || a.zero_threshold != b.zero_threshold ||
      a.custom_values != b.custom_values) {
    return absl::UnimplementedError(
        "scripts add histograms of one schema, zero threshold and bounds only");
  }
  Histogram sum = a;
  sum.count += sign * b.count;
  sum.sum += sign * b.sum;
  sum.zero_count += sign * b.zero_count;
  if (!AddBuckets(b.positive_spans, b.positive_buckets, sign, &sum.positive_spans,
                  &sum.positive_buckets) ||
      !AddBuckets(b.negative_spans, b.negative_buckets, sign, &sum.negative_spans,
                  &sum.negative_buckets)) {
    return absl::InvalidArgumentError("the buckets of the histograms lie too far apart");
  }
  return sum;
}

}  // namespace hearth::promql
