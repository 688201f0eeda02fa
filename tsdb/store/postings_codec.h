// tsdb/store/postings_codec.h
//
// Postings as bytes: the number of ids, the first id, then the differences minus one, all varints. A run of neighbours is a run of zero bytes.
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

// Collects ascending ids.
class PostingsEncoder {
 public:
  void Add(uint32_t id);
  std::string Encode() const;

 private:
  uint32_t count_ = 0;
  uint32_t last_ = 0;
  std::string ids_;
};

// Appends the ids to *out. kDataLoss when malformed or when an id is not below `series`; *out then holds what came before.
absl::Status DecodePostings(std::string_view bytes, uint64_t series, Postings* out);

}  // namespace hearth

#endif  // HEARTH_TSDB_STORE_POSTINGS_CODEC_H_
