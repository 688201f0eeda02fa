#include "query/exec/grouping.h"

#include <algorithm>
#include <numeric>

#include "absl/container/flat_hash_map.h"
#include "model/status.h"

namespace hearth::promql {
namespace {

// Of a group in the list and in the index.
constexpr size_t kGroupBytes = 2 * sizeof(SeriesMeta) + 32;

}  // namespace

void GroupLabels(LabelsView labels, const std::vector<std::string>& names, bool without,
                 std::string* bytes) {
  bytes->clear();
  if (names.empty() && !without) return;
  for (auto it = labels.begin(); it != labels.end(); ++it) {
    const std::string_view name = (*it).name;
    const bool named = std::find(names.begin(), names.end(), name) != names.end();
    const bool keep = without ? !named && !IsNameLabel(name) : named;
    if (keep) bytes->append(it.bytes());
  }
}

absl::Status Grouping::Build(const std::vector<SeriesMeta>& inputs, const AggregateExpr& aggregate,
                             ByteCharge* charge) {
  HEARTH_RETURN_IF_ERROR(charge->Add(inputs.size() * sizeof(uint32_t)));
  absl::flat_hash_map<hearth::Fingerprint, uint32_t> index;
  group_of_.reserve(inputs.size());
  std::string bytes;
  for (const SeriesMeta& meta : inputs) {
    GroupLabels(meta.labels, aggregate.grouping, aggregate.without, &bytes);
    const LabelsView labels(bytes);
    const hearth::Fingerprint fingerprint = labels.Fingerprint();
    const auto [it, is_new] = index.try_emplace(fingerprint, static_cast<uint32_t>(groups_.size()));
    if (is_new) {
      HEARTH_RETURN_IF_ERROR(charge->Add(bytes.size() + kGroupBytes));
      groups_.push_back({arena_.Add(labels), fingerprint, false});
    }
    // A name that one member will lose is lost to the group.
    groups_[it->second].drop_name |= meta.drop_name;
    group_of_.push_back(it->second);
  }
  // Renumber in fingerprint order.
  std::vector<uint32_t> order(groups_.size()), rank(groups_.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return groups_[a].fingerprint < groups_[b].fingerprint;
  });
  std::vector<SeriesMeta> sorted;
  sorted.reserve(groups_.size());
  for (uint32_t k = 0; k < order.size(); ++k) {
    rank[order[k]] = k;
    sorted.push_back(groups_[order[k]]);
  }
  groups_ = std::move(sorted);
  for (uint32_t& group : group_of_) group = rank[group];
  return absl::OkStatus();
}

}  // namespace hearth::promql
