// tsdb/store/postings_codec.h
//
// Postings as bytes: the number of ids, the first id, then the differences minus one, all varints.
// A run of neighbours is a run of zero bytes.
//
// Thread safety: pure functions; PostingsEncoder belongs to one thread.
#ifndef HEARTH_TSDB_STORE_POSTINGS_CODEC_H_
#define HEARTH_TSDB_STORE_POSTINGS_CODEC_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "tsdb/index/postings.h"

namespace hearth {

// Ascending ids, for another list to be continued with.
struct PostingsPart {
  uint32_t count = 0;
  uint32_t first = 0, last = 0;
  std::string_view steps;  // Behind the first: the differences minus one.
};

// Collects ascending ids.
class PostingsEncoder {
 public:
  void Add(uint32_t id);
  // Adds all ids of the part, the first of which comes after those that were added.
  void Add(const PostingsPart& part);
  // Valid until the next Add.
  PostingsPart part() const { return {count_, first_, last_, steps_}; }
  std::string Encode() const;
  // Forgets the ids and keeps the memory.
  void Clear();

 private:
  uint32_t count_ = 0;
  uint32_t first_ = 0, last_ = 0;
  std::string steps_;
};

// Appends the ids to *out. kDataLoss when malformed or when an id is not below `series`; *out then
// holds what came before.
absl::Status DecodePostings(std::string_view bytes, uint64_t series, Postings* out);

}  // namespace hearth

#endif  // HEARTH_TSDB_STORE_POSTINGS_CODEC_H_
