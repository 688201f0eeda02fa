// blackbox/remote_write_sender.h
//
// Builds remote write 1.0 bodies: the sender's side in its simplest form, and broken bodies for
// tests.
//
// Thread safety: pure functions.
#ifndef HEARTH_BLACKBOX_REMOTE_WRITE_SENDER_H_
#define HEARTH_BLACKBOX_REMOTE_WRITE_SENDER_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "blackbox/server_process.h"
#include "model/labels.h"
#include "model/sample.h"

namespace hearth::blackbox {

struct TimeSeries {
  Labels labels;
  std::vector<Sample> samples;
};

// A WriteRequest message, not compressed.
std::string EncodeWriteRequest(std::span<const TimeSeries> series);
// Appends one TimeSeries with one sample; the fast way to a large body.
void AppendTimeSeries(std::string_view canonical_labels, Sample sample, std::string* body);
std::string SnappyCompress(std::string_view body);

// Posts to /api/v1/write with the usual headers.
Answer SendRemoteWrite(const ServerProcess& server, std::string_view uncompressed_body);
Answer SendRemoteWrite(const ServerProcess& server, std::span<const TimeSeries> series);
// The same with a body that is sent as it is.
Answer SendRawBody(const ServerProcess& server, std::string_view body);

}  // namespace hearth::blackbox

#endif  // HEARTH_BLACKBOX_REMOTE_WRITE_SENDER_H_
