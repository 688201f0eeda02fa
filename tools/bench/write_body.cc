#include "tools/bench/write_body.h"

#include <snappy.h>

#include <algorithm>
#include <cstring>

namespace hearth::bench {
namespace {

char* PutVarint(uint64_t value, char* p) {
  for (; value >= 0x80; value >>= 7) *p++ = static_cast<char>(value | 0x80);
  *p++ = static_cast<char>(value);
  return p;
}

}  // namespace

void WriteBody::Clear() {
  message_.clear();
  samples_ = 0;
  newest_ms_ = 0;
}

void WriteBody::Add(LabelsView labels, Sample sample) {
  // message Sample { double value = 1; int64 timestamp = 2; } as field 2 of TimeSeries.
  char sample_bytes[2 + 1 + 8 + 1 + 10];
  sample_bytes[0] = '\x12';
  sample_bytes[2] = '\x09';
  std::memcpy(sample_bytes + 3, &sample.v, sizeof(sample.v));
  sample_bytes[11] = '\x10';
  char* const end = PutVarint(static_cast<uint64_t>(sample.t), sample_bytes + 12);
  sample_bytes[1] = static_cast<char>(end - sample_bytes - 2);
  const auto sample_size = static_cast<size_t>(end - sample_bytes);
  // TimeSeries as field 1 of WriteRequest.
  char head[1 + 10];
  head[0] = '\x0a';
  char* const head_end = PutVarint(labels.bytes().size() + sample_size, head + 1);
  message_.append(head, static_cast<size_t>(head_end - head));
  message_.append(labels.bytes());
  message_.append(sample_bytes, sample_size);
  ++samples_;
  newest_ms_ = std::max(newest_ms_, sample.t);
}

std::string WriteBody::Compress() {
  compressed_.resize(std::max(compressed_.size(), snappy::MaxCompressedLength(message_.size())));
  size_t size = 0;
  snappy::RawCompress(message_.data(), message_.size(), compressed_.data(), &size);
  return std::string(compressed_.data(), size);
}

}  // namespace hearth::bench
