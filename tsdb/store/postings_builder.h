// tsdb/store/postings_builder.h
//
// The inverted index of a generation while it is written: of each label the series that have it.
//
//   Add ──▶ labels in memory ──full──▶ a sorted run in the spill file   (several times)
//   ForEachLabel: the runs joined, label by label
//
// What is kept in memory is bounded, whatever the generation has: beyond `memory_bytes` all of it
// becomes a run (postings_runs.h).
//
// Most labels of a busy generation have one series (names of pods, of requests), so such a label
// costs its value and some forty bytes; only one that a second series has gets a PostingsEncoder.
// Series come in (metric, labels) order, so most labels are the same as those of the series before
// and are not looked up.
//
// Thread safety: belongs to one thread.
#ifndef HEARTH_TSDB_STORE_POSTINGS_BUILDER_H_
#define HEARTH_TSDB_STORE_POSTINGS_BUILDER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "model/labels.h"
#include "model/text.h"
#include "tsdb/store/postings_codec.h"
#include "tsdb/store/postings_runs.h"
#include "tsdb/store/spill_file.h"

namespace hearth {

class PostingsBuilder {
 public:
  static constexpr size_t kMemoryBytes = size_t{512} << 10;

  // `spill`: empty, and nobody else's; borrowed.
  explicit PostingsBuilder(SpillFile* spill, size_t memory_bytes = kMemoryBytes)
      : memory_bytes_(memory_bytes), known_(0, Hash{this}, Same{this}), runs_(spill) {}
  PostingsBuilder(const PostingsBuilder&) = delete;
  PostingsBuilder& operator=(const PostingsBuilder&) = delete;

  // Ids ascend from call to call. Errors: as SpillFile::Append.
  absl::Status Add(uint32_t id, LabelsView labels);

  // Nothing is added after the first of these. They fail with the first error of `fn`, and as
  // SpillFile does.
  // Calls fn(name, values) for each name in byte order: how many values it has.
  absl::Status ForEachName(
      absl::FunctionRef<absl::Status(std::string_view name, size_t values)> fn);
  // Calls fn(name, value, postings as stored) for each label; names by length, then in byte order,
  // as their keys sort, and values in byte order.
  using LabelFn = absl::FunctionRef<absl::Status(std::string_view name, std::string_view value,
                                                 std::string_view postings)>;
  absl::Status ForEachLabel(LabelFn fn);

  size_t runs() const { return runs_.size(); }

 private:
  static constexpr uint32_t kOneSeries = 0xffffffff;
  struct Name {
    std::string text;
    size_t values = 0;
  };
  struct Entry {
    const char* value;  // In text_.
    uint32_t value_size;
    uint32_t name;     // Index in names_.
    uint32_t first;    // The first series.
    uint32_t encoder;  // Index in encoders_, or kOneSeries.
    std::string_view text() const { return {value, value_size}; }
  };
  // A label that may not be known yet.
  struct Wanted {
    uint32_t name;
    std::string_view value;
  };
  struct Hash {
    using is_transparent = void;
    const PostingsBuilder* builder;
    size_t operator()(const Wanted& label) const;
    size_t operator()(uint32_t entry) const;
  };
  struct Same {
    using is_transparent = void;
    const PostingsBuilder* builder;
    bool operator()(uint32_t a, uint32_t b) const { return a == b; }
    bool operator()(uint32_t entry, const Wanted& label) const;
    bool operator()(const Wanted& label, uint32_t entry) const { return (*this)(entry, label); }
  };

  uint32_t NameIndex(std::string_view name);
  // The entry of a label, which is made when it is not known.
  uint32_t EntryOf(const Label& label, uint32_t id);
  std::string_view NameOf(uint32_t entry) const;
  bool IsLabel(uint32_t entry, const Label& label) const;
  void AddSeries(uint32_t id, Entry* entry);
  // A copy of the text that stays where it is.
  const char* Keep(std::string_view text);
  size_t MemoryBytes() const;
  PostingsPart PartOf(const Entry& entry) const;
  // Of each name: where its labels come among those of the others.
  std::vector<uint32_t> NameRanks() const;
  // Indexes in entries_ as their keys sort.
  std::vector<uint32_t> Sorted() const;
  // Makes a run of what is in memory, which is empty afterwards.
  absl::Status Spill();
  // Of the names, from the runs.
  absl::Status CountValues();

  const size_t memory_bytes_;
  std::vector<Name> names_;
  StringMap<uint32_t> name_indexes_;
  std::deque<Entry> entries_;
  std::deque<PostingsEncoder> encoders_;
  size_t encoded_ = 0;            // Ids in encoders_.
  std::deque<std::string> text_;  // None ever grows beyond what was reserved.
  size_t text_bytes_ = 0;
  absl::flat_hash_set<uint32_t, Hash, Same> known_;  // Indexes in entries_.
  std::vector<uint32_t> before_, now_;  // Entries of the series before, and of the one in hand.
  PostingsRuns runs_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_STORE_POSTINGS_BUILDER_H_
