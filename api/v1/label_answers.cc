#include "api/v1/label_answers.h"

namespace hearth {

LabelAnswers::~LabelAnswers() {
  MutexLock lock(&mu_);
  Shrink(0);
}

LabelAnswers::Body LabelAnswers::Find(const Fingerprint& key) {
  MutexLock lock(&mu_);
  const auto it = by_key_.find(key);
  if (it == by_key_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, it->second);
  return it->second->second;
}

void LabelAnswers::Keep(const Fingerprint& key, std::string body) {
  body.shrink_to_fit();
  Entry entry(key, std::make_shared<const std::string>(std::move(body)));
  const size_t bytes = BytesOf(entry);
  if (bytes > bytes_max_ / 4) return;
  MutexLock lock(&mu_);
  if (by_key_.contains(key)) return;  // Another call was faster.
  Shrink(bytes_max_ - bytes);
  if (account_ != nullptr && !account_->Charge(static_cast<int64_t>(bytes)).ok()) {
    Shrink(0);
    return;
  }
  bytes_ += bytes;
  entries_.push_front(std::move(entry));
  by_key_.emplace(key, entries_.begin());
}

void LabelAnswers::Shrink(size_t bytes_left) {
  while (bytes_ > bytes_left) {
    const Entry& oldest = entries_.back();
    const size_t bytes = BytesOf(oldest);
    if (account_ != nullptr) account_->Release(static_cast<int64_t>(bytes));
    bytes_ -= bytes;
    by_key_.erase(oldest.first);
    entries_.pop_back();
  }
}

size_t LabelAnswers::bytes() const {
  MutexLock lock(&mu_);
  return bytes_;
}

}  // namespace hearth
