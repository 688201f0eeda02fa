#include "model/labels.h"

#include <algorithm>
#include <cstring>

#include "absl/status/status.h"
#include "model/text.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace hearth {
namespace {

constexpr char kLabelTag = 0x0a;
constexpr char kNameTag = 0x0a;
constexpr char kValueTag = 0x12;

size_t VarintLength(size_t value) {
  size_t n = 1;
  while (value >= 0x80) {
    value >>= 7;
    ++n;
  }
  return n;
}

void AppendVarint(size_t value, std::string* out) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

// Reads a varint of canonical, hence trusted, bytes.
const char* TrustedVarint(const char* p, size_t* value) {
  size_t result = static_cast<uint8_t>(*p++);
  if (result < 0x80) [[likely]] {
    *value = result;
    return p;
  }
  result &= 0x7f;
  for (int shift = 7;; shift += 7) {
    const uint8_t byte = static_cast<uint8_t>(*p++);
    result |= static_cast<size_t>(byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  *value = result;
  return p;
}

// What the first label takes of canonical bytes, which are not empty.
size_t FirstLabelBytes(std::string_view canonical) {
  size_t length;
  const char* const pair = TrustedVarint(canonical.data() + 1, &length);
  return static_cast<size_t>(pair - canonical.data()) + length;
}

// Reads a length that must fit in what is left; false when it does not or is malformed.
bool ReadLength(std::string_view* in, size_t* length) {
  size_t result = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    if (in->empty()) return false;
    const uint8_t byte = static_cast<uint8_t>(in->front());
    in->remove_prefix(1);
    result |= static_cast<size_t>(byte & 0x7f) << shift;
    if (byte < 0x80) {
      *length = result;
      return result <= in->size();
    }
  }
  return false;
}

bool ReadField(std::string_view* in, std::string_view* field) {
  size_t length;
  if (!ReadLength(in, &length)) return false;
  *field = in->substr(0, length);
  in->remove_prefix(length);
  return true;
}

// Reads the two fields of a Label message in either order; a missing one is empty, a repeated one
// overrides.
bool ReadPair(std::string_view pair, Label* label) {
  *label = Label{};
  while (!pair.empty()) {
    const char tag = pair.front();
    pair.remove_prefix(1);
    std::string_view field;
    if ((tag != kNameTag && tag != kValueTag) || !ReadField(&pair, &field)) return false;
    (tag == kNameTag ? label->name : label->value) = field;
  }
  return true;
}

bool IsLegacyStart(char c, bool colon) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colon && c == ':');
}

bool IsLegacyName(std::string_view name, bool colon) {
  if (name.empty() || !IsLegacyStart(name[0], colon)) return false;
  return std::all_of(name.begin() + 1, name.end(),
                     [colon](char c) { return IsLegacyStart(c, colon) || (c >= '0' && c <= '9'); });
}

// The length of the valid UTF-8 sequence at the front of `s`, 0 when there is none.
size_t Utf8SequenceLength(std::string_view s) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(s[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || s.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  if ((lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) > 0x9f) ||
      (lead == 0xf0 && byte(1) < 0x90) || (lead == 0xf4 && byte(1) > 0x8f)) {
    return 0;
  }
  return length;
}

void AppendName(std::string_view name, bool metric, std::string* out) {
  if (metric ? IsLegacyMetricName(name) : IsLegacyLabelName(name)) {
    out->append(name);
  } else {
    AppendQuoted(name, out);
  }
}

}  // namespace

Fingerprint FingerprintOf(std::string_view canonical_bytes) {
  const XXH128_hash_t hash = XXH3_128bits(canonical_bytes.data(), canonical_bytes.size());
  return Fingerprint{hash.high64, hash.low64};
}

Label LabelsView::Iterator::operator*() const {
  size_t length;
  const char* p = TrustedVarint(p_ + 1, &length);  // The pair's length: not needed here.
  p = TrustedVarint(p + 1, &length);
  const std::string_view name(p, length);
  p = TrustedVarint(p + length + 1, &length);
  return Label{name, std::string_view(p, length)};
}

std::string_view LabelsView::Iterator::bytes() const {
  size_t length;
  const char* const p = TrustedVarint(p_ + 1, &length);
  return {p_, static_cast<size_t>(p - p_) + length};
}

LabelsView::Iterator& LabelsView::Iterator::operator++() {
  size_t length;
  const char* p = TrustedVarint(p_ + 1, &length);
  p_ = p + length;
  return *this;
}

size_t LabelsView::size() const { return static_cast<size_t>(std::distance(begin(), end())); }

std::string_view LabelsView::Get(std::string_view name) const {
  for (const Label label : *this) {
    if (label.name == name) return label.value;
    if (label.name > name) break;
  }
  return {};
}

std::string LabelsView::ToString() const {
  std::string out;
  const std::string_view metric = MetricName();
  const bool bare = IsLegacyMetricName(metric);
  if (bare) out.append(metric);
  std::string inner;
  if (!metric.empty() && !bare) AppendQuoted(metric, &inner);
  for (const Label label : *this) {
    if (label.name == kMetricNameLabel) continue;
    if (!inner.empty()) inner.append(", ");
    AppendName(label.name, /*metric=*/false, &inner);
    inner.push_back('=');
    AppendQuoted(label.value, &inner);
  }
  if (!inner.empty() || out.empty()) StrAppend(&out, "{", inner, "}");
  return out;
}

std::strong_ordering Compare(LabelsView a, LabelsView b) {
  std::string_view a_rest = a.bytes(), b_rest = b.bytes();
  while (!a_rest.empty() && !b_rest.empty()) {
    const size_t a_bytes = FirstLabelBytes(a_rest), b_bytes = FirstLabelBytes(b_rest);
    // Most labels of two series of a metric are the same bytes: those need no look inside.
    if (a_rest.substr(0, a_bytes) != b_rest.substr(0, b_bytes)) {
      const Label al = *LabelsView(a_rest).begin(), bl = *LabelsView(b_rest).begin();
      if (const auto order = al.name <=> bl.name; order != 0) return order;
      return al.value <=> bl.value;
    }
    a_rest.remove_prefix(a_bytes);
    b_rest.remove_prefix(b_bytes);
  }
  return a_rest.size() <=> b_rest.size();
}

Labels::Labels(std::initializer_list<std::pair<std::string_view, std::string_view>> pairs) {
  LabelsBuilder builder;
  for (const auto& [name, value] : pairs) builder.Set(name, value);
  *this = builder.Build();
}

void LabelsBuilder::Reset(LabelsView base) {
  labels_.clear();
  for (const Label label : base) labels_.emplace_back(label.name, label.value);
}

LabelsBuilder& LabelsBuilder::Set(std::string_view name, std::string_view value) {
  const auto it =
      std::lower_bound(labels_.begin(), labels_.end(), name,
                       [](const auto& pair, std::string_view n) { return pair.first < n; });
  const bool found = it != labels_.end() && it->first == name;
  if (value.empty()) {
    if (found) labels_.erase(it);
  } else if (found) {
    it->second.assign(value);
  } else {
    labels_.emplace(it, name, value);
  }
  return *this;
}

LabelsBuilder& LabelsBuilder::Del(std::string_view name) { return Set(name, {}); }

LabelsBuilder& LabelsBuilder::Keep(const std::vector<std::string>& names) {
  std::erase_if(labels_, [&](const auto& pair) {
    return std::find(names.begin(), names.end(), pair.first) == names.end();
  });
  return *this;
}

LabelsBuilder& LabelsBuilder::Drop(const std::vector<std::string>& names) {
  std::erase_if(labels_, [&](const auto& pair) {
    return std::find(names.begin(), names.end(), pair.first) != names.end();
  });
  return *this;
}

std::string_view LabelsBuilder::Get(std::string_view name) const {
  const auto it =
      std::lower_bound(labels_.begin(), labels_.end(), name,
                       [](const auto& pair, std::string_view n) { return pair.first < n; });
  return it != labels_.end() && it->first == name ? std::string_view(it->second)
                                                  : std::string_view();
}

Labels LabelsBuilder::Build() const {
  Labels labels;
  for (const auto& [name, value] : labels_) AppendCanonicalLabel(name, value, &labels.bytes_);
  return labels;
}

void AppendCanonicalLabel(std::string_view name, std::string_view value, std::string* out) {
  out->push_back(kLabelTag);
  AppendVarint(
      2 + VarintLength(name.size()) + name.size() + VarintLength(value.size()) + value.size(), out);
  out->push_back(kNameTag);
  AppendVarint(name.size(), out);
  out->append(name);
  out->push_back(kValueTag);
  AppendVarint(value.size(), out);
  out->append(value);
}

absl::StatusOr<Labels> ParseLabels(std::string_view wire_bytes, size_t max_bytes) {
  if (wire_bytes.size() > max_bytes) {
    return absl::InvalidArgumentError(
        StrCat("label set of ", wire_bytes.size(), " bytes exceeds the limit of ", max_bytes));
  }
  std::vector<Label> pairs;
  std::string_view rest = wire_bytes;
  while (!rest.empty()) {
    const size_t offset = wire_bytes.size() - rest.size();
    const char tag = rest.front();
    rest.remove_prefix(1);
    std::string_view pair_bytes;
    Label label;
    if (tag != kLabelTag || !ReadField(&rest, &pair_bytes) || !ReadPair(pair_bytes, &label)) {
      return absl::InvalidArgumentError(
          StrCat("label set of ", wire_bytes.size(), " bytes: malformed label at byte ", offset));
    }
    if (label.name.empty()) return absl::InvalidArgumentError("label with an empty name");
    if (!IsValidUtf8(label.name) || !IsValidUtf8(label.value)) {
      return absl::InvalidArgumentError(StrCat("label at byte ", offset, " is not valid UTF-8"));
    }
    pairs.push_back(label);
  }
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const Label& a, const Label& b) { return a.name < b.name; });
  Labels labels;
  labels.bytes_.reserve(wire_bytes.size());
  for (size_t i = 0; i < pairs.size(); ++i) {
    if (i > 0 && pairs[i].name == pairs[i - 1].name) {
      return absl::InvalidArgumentError(StrCat("duplicate label name ", pairs[i].name));
    }
    if (!pairs[i].value.empty())
      AppendCanonicalLabel(pairs[i].name, pairs[i].value, &labels.bytes_);
  }
  return labels;
}

bool IsCanonical(std::string_view bytes) {
  const absl::StatusOr<Labels> labels = ParseLabels(bytes);
  return labels.ok() && labels->bytes() == bytes;
}

bool IsValidUtf8(std::string_view s) {
  constexpr uint64_t kNotAscii = 0x8080808080808080;
  // Most texts are ASCII: eight bytes at a time while there are so many.
  for (uint64_t word; s.size() >= sizeof(word);) {
    std::memcpy(&word, s.data(), sizeof(word));
    const size_t length = (word & kNotAscii) == 0 ? sizeof(word) : Utf8SequenceLength(s);
    if (length == 0) return false;
    s.remove_prefix(length);
  }
  while (!s.empty()) {
    const size_t length = Utf8SequenceLength(s);
    if (length == 0) return false;
    s.remove_prefix(length);
  }
  return true;
}

bool IsLegacyLabelName(std::string_view name) { return IsLegacyName(name, /*colon=*/false); }
bool IsLegacyMetricName(std::string_view name) { return IsLegacyName(name, /*colon=*/true); }

void AppendQuoted(std::string_view s, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  while (!s.empty()) {
    const char c = s.front();
    const size_t length = Utf8SequenceLength(s);
    if (length > 1) {
      out->append(s.substr(0, length));
      s.remove_prefix(length);
      continue;
    }
    s.remove_prefix(1);
    switch (c) {
      case '"':
        out->append("\\\"");
        break;
      case '\\':
        out->append("\\\\");
        break;
      case '\a':
        out->append("\\a");
        break;
      case '\b':
        out->append("\\b");
        break;
      case '\f':
        out->append("\\f");
        break;
      case '\n':
        out->append("\\n");
        break;
      case '\r':
        out->append("\\r");
        break;
      case '\t':
        out->append("\\t");
        break;
      case '\v':
        out->append("\\v");
        break;
      default:
        if (static_cast<uint8_t>(c) < 0x20 || static_cast<uint8_t>(c) >= 0x7f) {
          out->append("\\x");
          out->push_back(kHex[static_cast<uint8_t>(c) >> 4]);
          out->push_back(kHex[static_cast<uint8_t>(c) & 15]);
        } else {
          out->push_back(c);
        }
    }
  }
  out->push_back('"');
}

}  // namespace hearth
