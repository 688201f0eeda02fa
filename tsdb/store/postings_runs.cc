#include "tsdb/store/postings_runs.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "model/status.h"
#include "model/text.h"
#include "tsdb/chunk/varint.h"

namespace hearth {

namespace {

constexpr size_t kSizeBytes = sizeof(uint32_t);

}  // namespace

absl::Status PostingsRuns::Add(uint32_t name, std::string_view value, const PostingsPart& part) {
  const size_t begin = unwritten_.size();
  unwritten_.resize(begin + kSizeBytes);
  PutVarint(name, &unwritten_);
  PutVarint(value.size(), &unwritten_);
  unwritten_.append(value);
  PutVarint(part.count, &unwritten_);
  PutVarint(part.first, &unwritten_);
  PutVarint(part.last, &unwritten_);
  unwritten_.append(part.steps);
  const auto size = static_cast<uint32_t>(unwritten_.size() - begin - kSizeBytes);
  std::memcpy(unwritten_.data() + begin, &size, kSizeBytes);
  return unwritten_.size() < kWriteBytes ? absl::OkStatus() : Write();
}

absl::Status PostingsRuns::Write() {
  HEARTH_RETURN_IF_ERROR(spill_->Append(unwritten_));
  unwritten_.clear();
  return absl::OkStatus();
}

absl::Status PostingsRuns::EndRun() {
  HEARTH_RETURN_IF_ERROR(Write());
  unwritten_.shrink_to_fit();
  runs_.push_back({runs_.empty() ? 0 : runs_.back().end, spill_->size()});
  return absl::OkStatus();
}

// A run, label by label.
class PostingsRuns::Reader {
 public:
  Reader(SpillFile* spill, const Run& run, size_t number)
      : spill_(spill), at_(run.begin), end_(run.end), number_(number) {}

  // Moves to the first or next label; done() afterwards when there is none.
  absl::Status Next() {
    used_ += record_bytes_;
    record_bytes_ = 0;
    if (used_ == buffer_.size() && at_ == end_) {
      done_ = true;
      return absl::OkStatus();
    }
    HEARTH_RETURN_IF_ERROR(Need(kSizeBytes));
    uint32_t size;
    std::memcpy(&size, buffer_.data() + used_, kSizeBytes);
    HEARTH_RETURN_IF_ERROR(Need(kSizeBytes + size));
    record_bytes_ = kSizeBytes + size;
    return Parse(std::string_view(buffer_).substr(used_ + kSizeBytes, size));
  }
  bool done() const { return done_; }
  size_t number() const { return number_; }
  uint32_t name() const { return name_; }
  // These two until the next Next.
  std::string_view value() const { return value_; }
  const PostingsPart& part() const { return part_; }

 private:
  // Has at least `n` bytes in the buffer behind used_.
  absl::Status Need(size_t n) {
    size_t kept = buffer_.size() - used_;
    if (kept >= n) return absl::OkStatus();
    if (n - kept > end_ - at_) return Malformed();
    buffer_.erase(0, used_);
    used_ = 0;
    const size_t more = std::min<uint64_t>(std::max(n, kReadBytes) - kept, end_ - at_);
    buffer_.resize(kept + more);
    HEARTH_RETURN_IF_ERROR(spill_->Read(at_, more, buffer_.data() + kept));
    at_ += more;
    return absl::OkStatus();
  }
  absl::Status Parse(std::string_view record) {
    VarintReader in(record);
    name_ = static_cast<uint32_t>(in.Varint());
    value_ = in.Bytes(in.Varint());
    part_.count = static_cast<uint32_t>(in.Varint());
    part_.first = static_cast<uint32_t>(in.Varint());
    part_.last = static_cast<uint32_t>(in.Varint());
    part_.steps = in.rest();
    return in.ok() && part_.count > 0 ? absl::OkStatus() : Malformed();
  }
  absl::Status Malformed() const {
    return absl::DataLossError(
        StrCat("run ", number_, " of postings, before ", at_, ": a record is malformed"));
  }

  SpillFile* const spill_;
  uint64_t at_;  // In the file, behind the buffer.
  const uint64_t end_;
  const size_t number_;
  std::string buffer_;
  size_t used_ = 0;          // Of the buffer: labels passed.
  size_t record_bytes_ = 0;  // Of the label in hand, behind used_.
  bool done_ = false;
  uint32_t name_ = 0;
  std::string_view value_;
  PostingsPart part_;
};

absl::Status PostingsRuns::ForEach(std::span<const uint32_t> name_ranks, LabelFn fn) const {
  // A heap with the least label on top; of equal ones, that of the oldest run.
  const auto later = [&](const std::unique_ptr<Reader>& a, const std::unique_ptr<Reader>& b) {
    const uint32_t x = name_ranks[a->name()], y = name_ranks[b->name()];
    if (x != y) return x > y;
    const int order = a->value().compare(b->value());
    return order != 0 ? order > 0 : a->number() > b->number();
  };
  std::vector<std::unique_ptr<Reader>> heap;
  for (size_t i = 0; i < runs_.size(); ++i) {
    auto reader = std::make_unique<Reader>(spill_, runs_[i], i);
    HEARTH_RETURN_IF_ERROR(reader->Next());
    if (!reader->done()) heap.push_back(std::move(reader));
  }
  std::make_heap(heap.begin(), heap.end(), later);
  std::string value;
  PostingsEncoder postings;
  while (!heap.empty()) {
    const uint32_t name = heap.front()->name();
    value.assign(heap.front()->value());
    postings.Clear();
    while (!heap.empty() && heap.front()->name() == name && heap.front()->value() == value) {
      postings.Add(heap.front()->part());
      std::pop_heap(heap.begin(), heap.end(), later);
      HEARTH_RETURN_IF_ERROR(heap.back()->Next());
      if (heap.back()->done()) {
        heap.pop_back();
      } else {
        std::push_heap(heap.begin(), heap.end(), later);
      }
    }
    HEARTH_RETURN_IF_ERROR(fn(name, value, postings));
  }
  return absl::OkStatus();
}

}  // namespace hearth
