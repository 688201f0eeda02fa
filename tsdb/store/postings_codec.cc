#include "tsdb/store/postings_codec.h"

#include "model/text.h"
#include "tsdb/chunk/varint.h"

namespace hearth {

void PostingsEncoder::Add(uint32_t id) {
  if (count_ == 0) {
    first_ = id;
  } else {
    PutVarint(id - last_ - 1, &steps_);
  }
  last_ = id;
  ++count_;
}

void PostingsEncoder::Add(const PostingsPart& part) {
  Add(part.first);
  steps_.append(part.steps);
  count_ += part.count - 1;
  last_ = part.last;
}

std::string PostingsEncoder::Encode() const {
  std::string bytes;
  PutVarint(count_, &bytes);
  if (count_ > 0) PutVarint(first_, &bytes);
  return bytes.append(steps_);
}

void PostingsEncoder::Clear() {
  count_ = 0;
  steps_.clear();
}

absl::Status DecodePostings(std::string_view bytes, uint64_t series, Postings* out) {
  VarintReader reader(bytes);
  const uint64_t count = reader.Varint();
  const auto damaged = [&] {
    return absl::DataLossError(StrCat("postings of ", bytes.size(), " bytes for ", count, " of ",
                                      series, " series are malformed"));
  };
  if (count > reader.rest().size() || count > series) return damaged();
  out->reserve(out->size() + count);
  uint64_t next = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t skip = reader.Varint();
    if (!reader.ok() || skip >= series - next) return damaged();
    out->push_back(static_cast<uint32_t>(next + skip));
    next += skip + 1;
  }
  return reader.rest().empty() ? absl::OkStatus() : damaged();
}

}  // namespace hearth
