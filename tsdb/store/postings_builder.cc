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

absl::Status PostingsBuilder::Add(uint32_t id, LabelsView labels) {
  if (!entries_.empty() && MemoryBytes() >= memory_bytes_) HEARTH_RETURN_IF_ERROR(Spill());
  now_.clear();
  size_t before = 0;
  for (const Label& label : labels) {
    // Both lists are in order of name.
    while (before < before_.size() && NameOf(before_[before]) < label.name) ++before;
    const bool same = before < before_.size() && IsLabel(before_[before], label);
    now_.push_back(same ? before_[before] : EntryOf(label, id));
    Entry& entry = entries_[now_.back()];
    if (entry.first != id) AddSeries(id, &entry);
  }
  std::swap(before_, now_);
  return absl::OkStatus();
}

std::string_view PostingsBuilder::NameOf(uint32_t entry) const {
  return names_[entries_[entry].name].text;
}

bool PostingsBuilder::IsLabel(uint32_t entry, const Label& label) const {
  return entries_[entry].text() == label.value && NameOf(entry) == label.name;
}

uint32_t PostingsBuilder::EntryOf(const Label& label, uint32_t id) {
  const uint32_t name = NameIndex(label.name);
  const auto known = known_.find(Wanted{name, label.value});
  if (known != known_.end()) return *known;
  entries_.push_back(
      {Keep(label.value), static_cast<uint32_t>(label.value.size()), name, id, kOneSeries});
  const auto entry = static_cast<uint32_t>(entries_.size() - 1);
  known_.insert(entry);
  ++names_[name].values;
  return entry;
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
  ++encoded_;
}

const char* PostingsBuilder::Keep(std::string_view text) {
  constexpr size_t kBlockBytes = size_t{16} << 10;
  if (text_.empty() || text_.back().capacity() - text_.back().size() < text.size()) {
    text_.emplace_back().reserve(std::max(kBlockBytes, text.size()));
    text_bytes_ += text_.back().capacity();
  }
  std::string& block = text_.back();
  block.append(text);
  return block.data() + block.size() - text.size();
}

// About: most ids are one or two bytes, in a string that may have grown to twice that.
size_t PostingsBuilder::MemoryBytes() const {
  return entries_.size() * sizeof(Entry) + known_.capacity() * (sizeof(uint32_t) + 1) +
         text_bytes_ + encoders_.size() * sizeof(PostingsEncoder) + 2 * encoded_;
}

PostingsPart PostingsBuilder::PartOf(const Entry& entry) const {
  if (entry.encoder != kOneSeries) return encoders_[entry.encoder].part();
  return {.count = 1, .first = entry.first, .last = entry.first};
}

std::vector<uint32_t> PostingsBuilder::NameRanks() const {
  std::vector<uint32_t> sorted(names_.size());
  std::iota(sorted.begin(), sorted.end(), 0);
  std::sort(sorted.begin(), sorted.end(), [&](uint32_t a, uint32_t b) {
    const std::string &x = names_[a].text, &y = names_[b].text;
    return x.size() == y.size() ? x < y : x.size() < y.size();
  });
  std::vector<uint32_t> ranks(names_.size());
  for (uint32_t rank = 0; rank < sorted.size(); ++rank) ranks[sorted[rank]] = rank;
  return ranks;
}

std::vector<uint32_t> PostingsBuilder::Sorted() const {
  const std::vector<uint32_t> ranks = NameRanks();
  std::vector<uint32_t> sorted(entries_.size());
  std::iota(sorted.begin(), sorted.end(), 0);
  std::sort(sorted.begin(), sorted.end(), [&](uint32_t i, uint32_t k) {
    const Entry &a = entries_[i], &b = entries_[k];
    return a.name == b.name ? a.text() < b.text() : ranks[a.name] < ranks[b.name];
  });
  return sorted;
}

absl::Status PostingsBuilder::Spill() {
  for (const uint32_t i : Sorted()) {
    const Entry& entry = entries_[i];
    HEARTH_RETURN_IF_ERROR(runs_.Add(entry.name, entry.text(), PartOf(entry)));
  }
  HEARTH_RETURN_IF_ERROR(runs_.EndRun());
  known_.clear();
  entries_.clear();
  encoders_.clear();
  encoded_ = 0;
  text_.clear();
  text_bytes_ = 0;
  before_.clear();
  return absl::OkStatus();
}

absl::Status PostingsBuilder::CountValues() {
  for (Name& name : names_) name.values = 0;
  return runs_.ForEach(NameRanks(), [&](uint32_t name, std::string_view, const PostingsEncoder&) {
    ++names_[name].values;
    return absl::OkStatus();
  });
}

absl::Status PostingsBuilder::ForEachName(
    absl::FunctionRef<absl::Status(std::string_view, size_t)> fn) {
  // A value that several runs have was counted several times.
  if (runs_.size() > 0) {
    if (!entries_.empty()) HEARTH_RETURN_IF_ERROR(Spill());
    HEARTH_RETURN_IF_ERROR(CountValues());
  }
  std::vector<const Name*> sorted;
  for (const Name& name : names_) sorted.push_back(&name);
  std::sort(sorted.begin(), sorted.end(),
            [](const Name* a, const Name* b) { return a->text < b->text; });
  for (const Name* name : sorted) HEARTH_RETURN_IF_ERROR(fn(name->text, name->values));
  return absl::OkStatus();
}

absl::Status PostingsBuilder::ForEachLabel(LabelFn fn) {
  if (runs_.size() > 0) {
    if (!entries_.empty()) HEARTH_RETURN_IF_ERROR(Spill());
    return runs_.ForEach(
        NameRanks(), [&](uint32_t name, std::string_view value, const PostingsEncoder& postings) {
          return fn(names_[name].text, value, postings.Encode());
        });
  }
  PostingsEncoder postings;
  for (const uint32_t i : Sorted()) {
    const Entry& entry = entries_[i];
    postings.Clear();
    postings.Add(PartOf(entry));
    HEARTH_RETURN_IF_ERROR(fn(names_[entry.name].text, entry.text(), postings.Encode()));
  }
  return absl::OkStatus();
}

}  // namespace hearth
