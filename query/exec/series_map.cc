#include "query/exec/series_map.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "model/status.h"

namespace hearth::promql {

absl::Status SameLabelsetError() {
  return absl::FailedPreconditionError("vector cannot contain metrics with the same labelset");
}

bool IsNameLabel(std::string_view label) {
  return label == kMetricNameLabel || label == "__type__" || label == "__unit__";
}

std::string PlainText(LabelsView labels) {
  std::string out = "{";
  for (const Label& label : labels) {
    if (out.size() > 1) out += ", ";
    if (IsLegacyLabelName(label.name)) {
      out += label.name;
    } else {
      AppendQuoted(label.name, &out);
    }
    out += '=';
    AppendQuoted(label.value, &out);
  }
  return out + "}";
}

LabelsView LabelArena::Add(LabelsView labels) {
  const std::string_view bytes = labels.bytes();
  if (blocks_.empty() || blocks_.back().capacity() - blocks_.back().size() < bytes.size()) {
    blocks_.emplace_back().reserve(std::max(bytes.size(), kBlockBytes));
  }
  std::string& block = blocks_.back();
  block.append(bytes);
  bytes_ += bytes.size();
  return LabelsView(std::string_view(block).substr(block.size() - bytes.size()));
}

void WithoutName(LabelsView labels, std::string* bytes) {
  bytes->clear();
  for (auto it = labels.begin(); it != labels.end(); ++it) {
    if (!IsNameLabel((*it).name)) bytes->append(it.bytes());
  }
}

void NameOf(LabelsView labels, std::string* bytes) {
  bytes->clear();
  for (auto it = labels.begin(); it != labels.end(); ++it) {
    if (IsNameLabel((*it).name)) bytes->append(it.bytes());
  }
}

namespace {

// The set without its name, as a part of its bytes, where the name comes first: nearly always.
std::optional<LabelsView> BehindName(LabelsView labels) {
  constexpr std::string_view kLastNameLabel = "__unit__";
  std::string_view behind = labels.bytes();
  auto it = labels.begin();
  for (; it != labels.end() && IsNameLabel((*it).name); ++it) {
    behind.remove_prefix(it.bytes().size());
  }
  // Labels are in order of their names.
  for (; it != labels.end() && (*it).name <= kLastNameLabel; ++it) {
    if (IsNameLabel((*it).name)) return std::nullopt;
  }
  return LabelsView(behind);
}

}  // namespace

SeriesMeta DropName(const SeriesMeta& meta, bool delayed, LabelArena* arena) {
  SeriesMeta dropped = meta;
  if (delayed) {
    dropped.drop_name = true;
    return dropped;
  }
  if (const std::optional<LabelsView> behind = BehindName(meta.labels)) {
    dropped.labels = *behind;
  } else {
    static thread_local std::string bytes;
    WithoutName(meta.labels, &bytes);
    dropped.labels = arena->Add(LabelsView(bytes));
  }
  dropped.fingerprint = dropped.labels.Fingerprint();
  return dropped;
}

void SeriesMap::BuildIdentity(const std::vector<SeriesMeta>& inputs,
                              std::vector<SeriesMeta>* outputs) {
  *outputs = inputs;
  sources_.resize(inputs.size());
  first_.resize(inputs.size() + 1);
  std::iota(sources_.begin(), sources_.end(), 0);
  std::iota(first_.begin(), first_.end(), size_t{0});
}

void SeriesMap::Build(std::vector<SeriesMeta> changed, std::vector<SeriesMeta>* outputs) {
  sources_.resize(changed.size());
  std::iota(sources_.begin(), sources_.end(), 0);
  std::sort(sources_.begin(), sources_.end(), [&](uint32_t a, uint32_t b) {
    const auto order = changed[a].fingerprint <=> changed[b].fingerprint;
    return order != 0 ? order < 0 : a < b;
  });
  outputs->clear();
  first_.clear();
  for (size_t k = 0; k < sources_.size(); ++k) {
    const SeriesMeta& meta = changed[sources_[k]];
    if (outputs->empty() || outputs->back().fingerprint != meta.fingerprint) {
      first_.push_back(k);
      outputs->push_back(meta);
    } else {
      outputs->back().drop_name |= meta.drop_name;
    }
  }
  first_.push_back(sources_.size());
}

absl::Status SeriesMap::Column(size_t i, StepColumn* out,
                               const std::function<absl::Status(size_t, StepColumn*)>& read,
                               Sharing sharing) const {
  const std::span<const uint32_t> inputs = sources(i);
  HEARTH_RETURN_IF_ERROR(read(inputs[0], out));
  if (inputs.size() == 1) return absl::OkStatus();
  StepColumn other;
  for (uint32_t input : inputs.subspan(1)) {
    HEARTH_RETURN_IF_ERROR(read(input, &other));
    if (sharing == Sharing::kNever && out->CountPresent() > 0 && other.CountPresent() > 0) {
      return SameLabelsetError();
    }
    if (!out->Add(&other)) return SameLabelsetError();
  }
  return absl::OkStatus();
}

std::vector<uint32_t> SeriesMap::SourcesOf(std::span<const uint32_t> outputs) const {
  std::vector<uint32_t> inputs;
  inputs.reserve(outputs.size());
  for (const uint32_t output : outputs) {
    const std::span<const uint32_t> of_one = sources(output);
    inputs.insert(inputs.end(), of_one.begin(), of_one.end());
  }
  return inputs;
}

std::vector<uint32_t> SeriesMap::OutputOrder(const std::vector<uint32_t>& input_order) const {
  std::vector<uint32_t> output_of(sources_.size());
  for (size_t i = 0; i + 1 < first_.size(); ++i) {
    for (uint32_t input : sources(i)) output_of[input] = static_cast<uint32_t>(i);
  }
  std::vector<uint32_t> order;
  std::vector<bool> seen(first_.size(), false);
  for (uint32_t input : input_order) {
    if (seen[output_of[input]]) continue;
    seen[output_of[input]] = true;
    order.push_back(output_of[input]);
  }
  return order;
}

}  // namespace hearth::promql
