#include "tsdb/store/postings_builder.h"

#include <algorithm>
#include <numeric>

#include "absl/hash/hash.h"
#include "model/status.h"

namespace hearth {

size_t PostingsBuilder::Hash::operator()(const Wanted& label) const {
  return absl::HashOf(label.name, label.value);
}

size_t PostingsBuilder::Hash::operator()(uint32_t entry) const {
  const Entry& known = builder->entries_[entry];
  return (*this)(Wanted{known.name, known.text()});
}

bool PostingsBuilder::Same::operator()(uint32_t entry, const Wanted& label) const {
  const Entry& known = builder->entries_[entry];
  return known.name == label.name && known.text() == label.value;
}

void PostingsBuilder::Add(uint32_t id, LabelsView labels) {
  for (const Label& label : labels) {
    const uint32_t name = NameIndex(label.name);
    const auto known = known_.find(Wanted{name, label.value});
    if (known != known_.end()) {
      AddSeries(id, &entries_[*known]);
      continue;
    }
    entries_.push_back(
        {Keep(label.value), static_cast<uint32_t>(label.value.size()), name, id, kOneSeries});
    known_.insert(static_cast<uint32_t>(entries_.size() - 1));
    ++names_[name].values;
  }
}

uint32_t PostingsBuilder::NameIndex(std::string_view name) {
  const auto known = name_indexes_.find(name);
  if (known != name_indexes_.end()) return known->second;
  const auto index = static_cast<uint32_t>(names_.size());
  names_.push_back({std::string(name)});
  name_indexes_.emplace(name, index);
  return index;
}

void PostingsBuilder::AddSeries(uint32_t id, Entry* entry) {
  if (entry->encoder == kOneSeries) {
    entry->encoder = static_cast<uint32_t>(encoders_.size());
    encoders_.emplace_back().Add(entry->first);
  }
  encoders_[entry->encoder].Add(id);
}

const char* PostingsBuilder::Keep(std::string_view text) {
  constexpr size_t kBlockBytes = size_t{16} << 10;
  if (text_.empty() || text_.back().capacity() - text_.back().size() < text.size()) {
    text_.emplace_back().reserve(std::max(kBlockBytes, text.size()));
  }
  std::string& block = text_.back();
  block.append(text);
  return block.data() + block.size() - text.size();
}

std::string PostingsBuilder::PostingsOf(const Entry& entry) const {
  if (entry.encoder != kOneSeries) return encoders_[entry.encoder].Encode();
  PostingsEncoder one;
  one.Add(entry.first);
  return one.Encode();
}

absl::Status PostingsBuilder::ForEachName(
    absl::FunctionRef<absl::Status(std::string_view, size_t)> fn) const {
  std::vector<const Name*> sorted;
  for (const Name& name : names_) sorted.push_back(&name);
  std::sort(sorted.begin(), sorted.end(),
            [](const Name* a, const Name* b) { return a->text < b->text; });
  for (const Name* name : sorted) HEARTH_RETURN_IF_ERROR(fn(name->text, name->values));
  return absl::OkStatus();
}

absl::Status PostingsBuilder::ForEachLabel(LabelFn fn) const {
  std::vector<uint32_t> sorted(entries_.size());
  std::iota(sorted.begin(), sorted.end(), 0);
  std::sort(sorted.begin(), sorted.end(), [&](uint32_t i, uint32_t k) {
    const Entry &a = entries_[i], &b = entries_[k];
    if (a.name == b.name) return a.text() < b.text();
    const std::string &x = names_[a.name].text, &y = names_[b.name].text;
    return x.size() == y.size() ? x < y : x.size() < y.size();
  });
  for (const uint32_t i : sorted) {
    const Entry& entry = entries_[i];
    HEARTH_RETURN_IF_ERROR(fn(names_[entry.name].text, entry.text(), PostingsOf(entry)));
  }
  return absl::OkStatus();
}

}  // namespace hearth
