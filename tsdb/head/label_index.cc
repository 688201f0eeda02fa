#include "tsdb/head/label_index.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "model/status.h"
#include "tsdb/head/label_order.h"

namespace hearth {
namespace {

// To look whether a value's postings meet a selection costs about as much as looking at so many of
// the selection's series.
constexpr size_t kSeriesPerValue = 4;
// To match fewer values is not worth remembering.
constexpr size_t kRememberedValues = 64;
// Others wait while so many series are looked at.
constexpr size_t kSlotsAtOnce = 1024;

// Takes out the slots that go. In place: series come and go, and long lists would be copied each
// time.
void RemoveThose(const std::vector<bool>& goes, Postings* postings) {
  std::erase_if(*postings, [&](uint32_t slot) { return goes[slot]; });
  if (postings->capacity() > 2 * postings->size()) postings->shrink_to_fit();
}

}  // namespace

// One label pair. Its bytes are one label of a canonical label set: name and value lie inside.
struct LabelIndex::Pair {
  std::unique_ptr<char[]> bytes;  // Null: the number is free.
  uint32_t size = 0;
  uint32_t place = 0;   // In its Name's pairs.
  uint32_t sorted = 0;  // Leading postings that are in order.
  Postings postings;
  Name* name = nullptr;

  std::string_view view() const { return {bytes.get(), size}; }
  std::string_view value() const { return (*LabelsView(view()).begin()).value; }
};

struct LabelIndex::Name {
  std::string name;
  std::vector<PairId> pairs;
};

size_t LabelIndex::PairHash::operator()(std::string_view bytes) const {
  return StringHash()(bytes);
}
size_t LabelIndex::PairHash::operator()(PairId id) const { return (*this)((*pairs)[id].view()); }
bool LabelIndex::PairEq::operator()(PairId a, std::string_view b) const {
  return (*pairs)[a].view() == b;
}

// The index as SelectPostings wants to see it. The lock is held while it lives.
class LabelIndex::Source : public PostingsSource {
 public:
  explicit Source(const LabelIndex& index) : index_(index) {}

  absl::Status All(Postings* out) const override NO_THREAD_SAFETY_ANALYSIS {
    out->clear();
    for (uint32_t slot = 0; slot < index_.series_.size(); ++slot) {
      if (index_.series_[slot] != nullptr) out->push_back(slot);
    }
    return absl::OkStatus();
  }

  absl::Status Of(std::string_view name, std::string_view value,
                  Postings* out) const override NO_THREAD_SAFETY_ANALYSIS {
    out->clear();
    std::string bytes;
    AppendCanonicalLabel(name, value, &bytes);
    const auto it = index_.pair_ids_.find(std::string_view(bytes));
    if (it != index_.pair_ids_.end()) {
      const PostingsView postings = index_.PostingsOf(*it);
      out->assign(postings.begin(), postings.end());
    }
    return absl::OkStatus();
  }

  absl::Status OfValues(std::string_view name, absl::FunctionRef<bool(std::string_view)> wanted,
                        Postings* out) const override NO_THREAD_SAFETY_ANALYSIS {
    out->clear();
    const auto it = index_.names_.find(name);
    if (it == index_.names_.end()) return absl::OkStatus();
    std::vector<PostingsView> lists;
    for (const PairId id : it->second->pairs) {
      if (wanted(index_.pairs_[id].value())) lists.push_back(index_.PostingsOf(id));
    }
    *out = Merge(lists);
    return absl::OkStatus();
  }

  absl::Status OfMatching(const Matcher& matcher, bool matching,
                          Postings* out) const override NO_THREAD_SAFETY_ANALYSIS {
    const auto it = index_.names_.find(matcher.name());
    if (it == index_.names_.end() || it->second->pairs.size() < kRememberedValues) {
      return PostingsSource::OfMatching(matcher, matching, out);
    }
    const Fingerprint key = KeyOf(matcher, matching);
    const MatchedValues::Entry* const known = index_.matched_.Find(key);
    const uint64_t values_version = index_.values_version(matcher.name());
    const uint64_t version = index_.version();
    if (known != nullptr && known->version == version) {
      *out = known->postings;
      return absl::OkStatus();
    }
    MatchedValues::Entry entry{.values_version = values_version, .version = version};
    if (known != nullptr && known->values_version == values_version) {
      entry.pairs = known->pairs;
    } else {
      for (const PairId id : it->second->pairs) {
        if (matcher.Matches(index_.pairs_[id].value()) == matching) entry.pairs.push_back(id);
      }
      entry.pairs.shrink_to_fit();
    }
    std::vector<PostingsView> lists;
    lists.reserve(entry.pairs.size());
    for (const PairId id : entry.pairs) lists.push_back(index_.PostingsOf(id));
    *out = Merge(lists);
    entry.postings = *out;
    index_.matched_.Keep(key, std::move(entry));
    return absl::OkStatus();
  }

 private:
  static Fingerprint KeyOf(const Matcher& matcher, bool matching) {
    return FingerprintOf(StrCat(static_cast<int>(matcher.op()), matching ? "+" : "-",
                                matcher.name().size(), ":", matcher.name(), matcher.value()));
  }

  const LabelIndex& index_;
};

LabelIndex::LabelIndex() : pair_ids_(0, PairHash{&pairs_}, PairEq{&pairs_}) {}
LabelIndex::~LabelIndex() = default;

LabelIndex::PairId LabelIndex::FindOrAddPair(std::string_view bytes, const Label& label) {
  const auto it = pair_ids_.find(bytes);
  if (it != pair_ids_.end()) return *it;
  PairId id;
  if (free_pairs_.empty()) {
    id = static_cast<PairId>(pairs_.size());
    pairs_.emplace_back();
  } else {
    id = free_pairs_.back();
    free_pairs_.pop_back();
  }
  auto name = names_.find(label.name);
  if (name == names_.end()) {
    name = names_.emplace(std::string(label.name), std::make_unique<Name>()).first;
    name->second->name = label.name;
    names_version_.fetch_add(1, std::memory_order_release);
  }
  ValuesVersion(label.name).fetch_add(1, std::memory_order_release);
  Pair& pair = pairs_[id];
  pair.bytes = std::make_unique_for_overwrite<char[]>(bytes.size());
  std::memcpy(pair.bytes.get(), bytes.data(), bytes.size());
  pair.size = static_cast<uint32_t>(bytes.size());
  pair.name = name->second.get();
  pair.place = static_cast<uint32_t>(pair.name->pairs.size());
  pair.name->pairs.push_back(id);
  pair_bytes_ += bytes.size();
  pair_count_.fetch_add(1, std::memory_order_relaxed);
  pair_ids_.insert(id);
  return id;
}

void LabelIndex::DropPair(PairId id) {
  Pair& pair = pairs_[id];
  pair_ids_.erase(id);
  Name* const name = pair.name;
  // The last of the name's pairs takes the free place.
  name->pairs[pair.place] = name->pairs.back();
  pairs_[name->pairs.back()].place = pair.place;
  name->pairs.pop_back();
  ValuesVersion(name->name).fetch_add(1, std::memory_order_release);
  if (name->pairs.empty()) {
    names_.erase(names_.find(name->name));
    names_version_.fetch_add(1, std::memory_order_release);
  }
  pair_bytes_ -= pair.size;
  pair_count_.fetch_sub(1, std::memory_order_relaxed);
  pair = Pair();
  free_pairs_.push_back(id);
}

void LabelIndex::Add(uint32_t slot, LabelsView labels) {
  MutexLock lock(&mu_);
  const size_t n = labels.size();
  auto ids = std::make_unique_for_overwrite<PairId[]>(n + 1);
  ids[0] = static_cast<PairId>(n);
  size_t i = 0;
  const char* begin = labels.bytes().data();
  for (const Label label : labels) {
    // A label reaches from the end of the one before to the end of its value.
    const char* const end = label.value.data() + label.value.size();
    const PairId id = FindOrAddPair({begin, static_cast<size_t>(end - begin)}, label);
    begin = end;
    ids[++i] = id;
    Pair& pair = pairs_[id];
    const bool in_order = pair.postings.empty() || pair.postings.back() < slot;
    if (in_order && pair.sorted == pair.postings.size()) ++pair.sorted;
    pair.postings.push_back(slot);
  }
  if (slot >= series_.size()) series_.resize(slot + 1);
  series_[slot] = std::move(ids);
  version_.fetch_add(1, std::memory_order_release);
}

void LabelIndex::Remove(PostingsView slots) {
  MutexLock lock(&mu_);
  std::vector<PairId> touched;
  for (const uint32_t slot : slots) {
    const PairId* const ids = series_[slot].get();
    touched.insert(touched.end(), ids + 1, ids + 1 + ids[0]);
    series_[slot] = nullptr;
  }
  std::sort(touched.begin(), touched.end());
  touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
  // Looked up by slot: most pairs have few series, and a walk over all that go for each would be
  // quadratic.
  std::vector<bool> goes(series_.size());
  for (const uint32_t slot : slots) goes[slot] = true;
  for (const PairId id : touched) {
    PostingsOf(id);
    Pair& pair = pairs_[id];
    RemoveThose(goes, &pair.postings);
    pair.sorted = static_cast<uint32_t>(pair.postings.size());
    if (pair.postings.empty()) DropPair(id);
  }
  version_.fetch_add(1, std::memory_order_release);
}

PostingsView LabelIndex::PostingsOf(PairId id) const {
  Pair& pair = pairs_[id];
  if (pair.sorted < pair.postings.size()) {
    const auto middle = pair.postings.begin() + pair.sorted;
    std::sort(middle, pair.postings.end());
    std::inplace_merge(pair.postings.begin(), middle, pair.postings.end());
    pair.sorted = static_cast<uint32_t>(pair.postings.size());
  }
  return pair.postings;
}

absl::Status LabelIndex::Select(std::span<const Matcher> matchers, Visit visit) const {
  MutexLock lock(&mu_);
  HEARTH_ASSIGN_OR_RETURN(const Postings slots, SelectPostings(Source(*this), matchers));
  VisitLocked(slots, visit);
  return absl::OkStatus();
}

absl::Status LabelIndex::SelectAny(MatcherSets matcher_sets, Visit visit) const {
  MutexLock lock(&mu_);
  HEARTH_ASSIGN_OR_RETURN(const Postings slots, SelectAnyPostings(Source(*this), matcher_sets));
  VisitLocked(slots, visit);
  return absl::OkStatus();
}

void LabelIndex::VisitLocked(PostingsView slots, Visit visit) const {
  std::string labels;
  for (const uint32_t slot : slots) {
    labels.clear();
    AppendLabelsLocked(slot, &labels);
    visit(slot, labels);
  }
}

void LabelIndex::AppendLabels(uint32_t slot, std::string* out) const {
  MutexLock lock(&mu_);
  AppendLabelsLocked(slot, out);
}

void LabelIndex::AppendLabelsLocked(uint32_t slot, std::string* out) const {
  const PairId* const ids = series_[slot].get();
  for (PairId i = 1; i <= ids[0]; ++i) out->append(pairs_[ids[i]].view());
}

std::vector<uint32_t> LabelIndex::InMetricOrder(PostingsView slots) const {
  LabelOrder order(slots.size());
  for (size_t from = 0; from < slots.size(); from += kSlotsAtOnce) {
    MutexLock lock(&mu_);
    for (const uint32_t slot : slots.subspan(from, std::min(kSlotsAtOnce, slots.size() - from))) {
      const PairId* const ids = series_[slot].get();
      for (PairId i = 1; i <= ids[0]; ++i) {
        if (order.Wants(ids[i])) order.AddPair(ids[i], pairs_[ids[i]].view());
      }
      order.AddSeries(ids);
    }
  }
  // Without the lock: lists and texts stay where they are as long as their series.
  return order.Sorted();
}

template <typename Fn>
void LabelIndex::ForEachPairOf(PostingsView slots, Fn visit) const {
  std::vector<bool> seen(pairs_.size());
  for (const uint32_t slot : slots) {
    const PairId* const ids = series_[slot].get();
    for (PairId i = 1; i <= ids[0]; ++i) {
      if (seen[ids[i]]) continue;
      seen[ids[i]] = true;
      visit(pairs_[ids[i]]);
    }
  }
}

std::vector<std::string> LabelIndex::NamesOf(PostingsView slots) const {
  std::vector<std::string> names;
  absl::flat_hash_set<const Name*> left;
  for (const auto& [text, name] : names_) {
    if (name->pairs.size() * kSeriesPerValue >= slots.size()) {
      left.insert(name.get());
    } else if (std::any_of(name->pairs.begin(), name->pairs.end(),
                           [&](PairId id) { return Intersects(slots, PostingsOf(id)); })) {
      names.push_back(text);
    }
  }
  // A label of many values: most likely one of the first series has it.
  for (size_t k = 0; k < slots.size() && !left.empty(); ++k) {
    const PairId* const ids = series_[slots[k]].get();
    for (PairId i = 1; i <= ids[0]; ++i) {
      const Name* const name = pairs_[ids[i]].name;
      if (left.erase(name) > 0) names.push_back(name->name);
    }
  }
  return names;
}

absl::StatusOr<std::vector<std::string>> LabelIndex::Names(MatcherSets matcher_sets) const {
  std::vector<std::string> names;
  {
    MutexLock lock(&mu_);
    if (matcher_sets.empty()) {
      names.reserve(names_.size());
      for (const auto& [text, name] : names_) names.push_back(text);
    } else {
      HEARTH_ASSIGN_OR_RETURN(const Postings slots, SelectAnyPostings(Source(*this), matcher_sets));
      names = NamesOf(slots);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<std::vector<std::string>> LabelIndex::Values(std::string_view name,
                                                            MatcherSets matcher_sets) const {
  std::vector<std::string> values;
  {
    MutexLock lock(&mu_);
    const auto it = names_.find(name);
    if (it == names_.end()) return values;
    const Name* const wanted = it->second.get();
    if (matcher_sets.empty()) {
      values.reserve(wanted->pairs.size());
      for (const PairId id : wanted->pairs) values.emplace_back(pairs_[id].value());
    } else {
      HEARTH_ASSIGN_OR_RETURN(const Postings slots, SelectAnyPostings(Source(*this), matcher_sets));
      // Few values: each one's postings meet the selection soon or are short. Many: the selection's
      // own pairs are fewer.
      if (wanted->pairs.size() * kSeriesPerValue < slots.size()) {
        for (const PairId id : wanted->pairs) {
          if (Intersects(slots, PostingsOf(id))) values.emplace_back(pairs_[id].value());
        }
      } else {
        ForEachPairOf(slots, [&](const Pair& pair) {
          if (pair.name == wanted) values.emplace_back(pair.value());
        });
      }
    }
  }
  std::sort(values.begin(), values.end());
  return values;
}

size_t LabelIndex::name_count() const {
  MutexLock lock(&mu_);
  return names_.size();
}

LabelIndex::Bytes LabelIndex::bytes() const {
  MutexLock lock(&mu_);
  Bytes bytes;
  bytes.labels = pair_bytes_ + pairs_.capacity() * sizeof(Pair) +
                 series_.capacity() * sizeof(void*) + pair_ids_.capacity() * (sizeof(PairId) + 1);
  for (const Pair& pair : pairs_) bytes.postings += pair.postings.capacity() * sizeof(uint32_t);
  bytes.postings += matched_.bytes();
  for (const auto& ids : series_) {
    if (ids != nullptr) bytes.labels += (ids[0] + 1) * sizeof(PairId);
  }
  return bytes;
}

void LabelIndex::SetMatchedMax(size_t bytes_max) {
  MutexLock lock(&mu_);
  matched_.SetMax(bytes_max);
}

void LabelIndex::ForEachPair(absl::FunctionRef<void(const Label&, size_t)> visit) const {
  MutexLock lock(&mu_);
  for (const Pair& pair : pairs_) {
    if (pair.bytes == nullptr) continue;
    visit(*LabelsView(pair.view()).begin(), pair.postings.size());
  }
}

void LabelIndex::ForEachBytes(uint32_t from, uint32_t to, VisitBytes visit) const {
  MutexLock lock(&mu_);
  const size_t end = std::min<size_t>(to, series_.size());
  for (uint32_t slot = from; slot < end; ++slot) {
    const PairId* const ids = series_[slot].get();
    if (ids == nullptr) continue;
    std::string_view metric;
    double bytes = sizeof(void*) + (ids[0] + 1) * sizeof(PairId);
    for (PairId i = 1; i <= ids[0]; ++i) {
      const Pair& pair = pairs_[ids[i]];
      const double shared = sizeof(Pair) + pair.size +
                            static_cast<double>(pair.postings.capacity() * sizeof(uint32_t));
      bytes += shared / static_cast<double>(pair.postings.size());
      if (pair.name->name == kMetricNameLabel) metric = pair.value();
    }
    visit(slot, metric, bytes);
  }
}

}  // namespace hearth
