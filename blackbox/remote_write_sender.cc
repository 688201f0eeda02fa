#include "blackbox/remote_write_sender.h"

#include <snappy.h>

#include <bit>
#include <cstring>

namespace hearth::blackbox {
namespace {

void AppendVarint(uint64_t value, std::string* out) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

// message Sample { double value = 1; int64 timestamp = 2; } as field 2 of TimeSeries.
void AppendSample(Sample sample, std::string* out) {
  std::string message(1, '\x09');
  const uint64_t bits = std::bit_cast<uint64_t>(sample.v);
  message.append(reinterpret_cast<const char*>(&bits), sizeof(bits));
  message.push_back('\x10');
  AppendVarint(static_cast<uint64_t>(sample.t), &message);
  out->push_back('\x12');
  AppendVarint(message.size(), out);
  out->append(message);
}

void AppendMessage(std::string_view message, std::string* body) {
  body->push_back('\x0a');
  AppendVarint(message.size(), body);
  body->append(message);
}

}  // namespace

std::string EncodeWriteRequest(std::span<const TimeSeries> series) {
  std::string body;
  for (const TimeSeries& one : series) {
    std::string message = one.labels.bytes();
    for (const Sample& sample : one.samples) AppendSample(sample, &message);
    AppendMessage(message, &body);
  }
  return body;
}

void AppendTimeSeries(std::string_view canonical_labels, Sample sample, std::string* body) {
  std::string message(canonical_labels);
  AppendSample(sample, &message);
  AppendMessage(message, body);
}

std::string SnappyCompress(std::string_view body) {
  std::string compressed;
  snappy::Compress(body.data(), body.size(), &compressed);
  return compressed;
}

Answer SendRawBody(const ServerProcess& server, std::string_view body) {
  return server.Post("/api/v1/write", body,
                     {"Content-Type: application/x-protobuf", "Content-Encoding: snappy",
                      "X-Prometheus-Remote-Write-Version: 0.1.0"});
}

Answer SendRemoteWrite(const ServerProcess& server, std::string_view uncompressed_body) {
  return SendRawBody(server, SnappyCompress(uncompressed_body));
}

Answer SendRemoteWrite(const ServerProcess& server, std::span<const TimeSeries> series) {
  return SendRemoteWrite(server, EncodeWriteRequest(series));
}

}  // namespace hearth::blackbox
