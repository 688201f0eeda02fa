// api/v1/label_answers.h
//
// LabelAnswers: the bodies of label calls that were answered lately. A key has everything that the
// answer depends on, a stamp of the storage included (Queryable::LabelStamp), so an answer that is
// found is the answer; one that is out of date is not found any more, and pushed out by others.
//
// Bounded in bytes, and charged to the account of all requests: where that has no room everything
// kept is let go.
//
// Thread safety: all methods may be called from any thread. The lock is a leaf, held for no longer
// than a look into a table.
#ifndef HEARTH_API_V1_LABEL_ANSWERS_H_
#define HEARTH_API_V1_LABEL_ANSWERS_H_

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "model/byte_account.h"
#include "model/labels.h"
#include "model/mutex.h"

namespace hearth {

class LabelAnswers {
 public:
  static constexpr size_t kBytesMax = size_t{2} << 20;
  using Body = std::shared_ptr<const std::string>;

  // `account` is borrowed and outlives the answers; null: nothing is charged.
  explicit LabelAnswers(ByteAccount* account, size_t bytes_max = kBytesMax)
      : bytes_max_(bytes_max), account_(account) {}
  ~LabelAnswers();
  LabelAnswers(const LabelAnswers&) = delete;
  LabelAnswers& operator=(const LabelAnswers&) = delete;

  // Null when it is not there.
  Body Find(const Fingerprint& key) LOCKS_EXCLUDED(mu_);
  // A body that would take more than a quarter of all is not kept.
  void Keep(const Fingerprint& key, std::string body) LOCKS_EXCLUDED(mu_);

  // Of bodies, keys and what they stand in.
  size_t bytes() const LOCKS_EXCLUDED(mu_);

 private:
  using Entry = std::pair<Fingerprint, Body>;
  // An entry with its place in list and table, allocations included.
  static constexpr size_t kEntryBytes = 160;
  static size_t BytesOf(const Entry& entry) { return entry.second->capacity() + kEntryBytes; }

  // Lets the oldest go until so many bytes are left.
  void Shrink(size_t bytes_left) EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const size_t bytes_max_;
  ByteAccount* const account_;
  mutable Mutex mu_;
  size_t bytes_ GUARDED_BY(mu_) = 0;
  std::list<Entry> entries_ GUARDED_BY(mu_);  // The last used first.
  absl::flat_hash_map<Fingerprint, std::list<Entry>::iterator> by_key_ GUARDED_BY(mu_);
};

}  // namespace hearth

#endif  // HEARTH_API_V1_LABEL_ANSWERS_H_
