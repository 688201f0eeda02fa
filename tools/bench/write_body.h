// tools/bench/write_body.h
//
// Builds remote write 1.0 bodies quickly: label bytes are copied as they stand, buffers are kept.
//
// Thread safety: belongs to one thread.
#ifndef HEARTH_TOOLS_BENCH_WRITE_BODY_H_
#define HEARTH_TOOLS_BENCH_WRITE_BODY_H_

#include <string>
#include <string_view>
#include <vector>

#include "model/labels.h"
#include "model/sample.h"

namespace hearth::bench {

class WriteBody {
 public:
  void Clear();
  // One TimeSeries with one sample.
  void Add(LabelsView labels, Sample sample);

  int samples() const { return samples_; }
  // The largest timestamp since Clear; 0 when there is none.
  TimeMs newest_ms() const { return newest_ms_; }
  // The WriteRequest message.
  std::string_view message() const { return message_; }
  // The message, compressed by snappy in its block format.
  std::string Compress();

 private:
  std::string message_;
  std::vector<char> compressed_;
  int samples_ = 0;
  TimeMs newest_ms_ = 0;
};

}  // namespace hearth::bench

#endif  // HEARTH_TOOLS_BENCH_WRITE_BODY_H_
