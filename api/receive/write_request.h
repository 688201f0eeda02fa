// api/receive/write_request.h
//
// Walks the bytes of a remote write 1.0 message (proto/remote_write.proto) once, without copying:
// series come out as the bytes of their labels, where they lie, and their samples. Unknown fields
// are skipped, as protobuf asks.
//
// Thread safety: a reader belongs to one thread. The message must outlive it and everything it
// hands out.
#ifndef HEARTH_API_RECEIVE_WRITE_REQUEST_H_
#define HEARTH_API_RECEIVE_WRITE_REQUEST_H_

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/metadata.h"
#include "model/sample.h"

namespace hearth {

struct WireExemplar {
  std::string_view labels;  // As in WireSeries.
  double value = 0;
  TimeMs t = 0;
};

// One TimeSeries. Ranges [begin, end) index the batch's vectors.
struct WireSeries {
  std::string_view
      labels;  // The `labels` fields, tags included: what ParseLabels reads. Not validated.
  size_t samples_begin = 0, samples_end = 0;
  size_t exemplars_begin = 0, exemplars_end = 0;
  size_t histograms_begin = 0, histograms_end = 0;
};

// Some consecutive series of the message. Reused from batch to batch, so that it stops allocating.
struct WireBatch {
  std::vector<WireSeries> series;
  std::vector<Sample> samples;
  std::vector<WireExemplar> exemplars;
  std::vector<TimeMs> histogram_t;
  std::deque<std::string> scattered_labels;  // Labels that other fields interrupted, joined.

  void Clear();
};

struct WireMetadata {
  std::string_view metric_family;
  Metadata metadata;
};

class WriteRequestReader {
 public:
  explicit WriteRequestReader(std::string_view message) : message_(message), rest_(message) {}

  // Replaces *batch by the next series, at most `series_max` of them and no new series after
  // `samples_max` samples; an empty batch means the end. Series without samples, exemplars and
  // histograms are left out. Metadata on the way is appended to *metadata. kInvalidArgument for
  // malformed bytes, with their offset; then *batch holds what came before.
  absl::Status ReadBatch(size_t series_max, size_t samples_max, WireBatch* batch,
                         std::vector<WireMetadata>* metadata);

 private:
  const std::string_view message_;
  std::string_view rest_;
};

}  // namespace hearth

#endif  // HEARTH_API_RECEIVE_WRITE_REQUEST_H_
