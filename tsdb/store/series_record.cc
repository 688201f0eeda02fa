#include "tsdb/store/series_record.h"

#include "tsdb/store/store_keys.h"

namespace hearth {

namespace {

// Fingerprints are computed from the labels anyway: a part of each is enough to compare with.
constexpr size_t kCheckBytes = 4;
// The first format has both words.
constexpr size_t kFirstCheckBytes = 16;

void AppendBigEndian(uint64_t word, size_t bytes, std::string* out) {
  for (size_t i = bytes; i-- > 0;) out->push_back(static_cast<char>(word >> 8 * i));
}

}  // namespace

void EncodeSeriesRecord(const Fingerprint& fingerprint, LabelsView labels, std::string* out) {
  AppendBigEndian(fingerprint.lo, kCheckBytes, out);
  out->append(labels.bytes());
}

std::optional<LabelsView> DecodeSeriesRecord(uint32_t format, std::string_view record,
                                             Fingerprint* fingerprint) {
  const bool first = format == store_format::kFirstFormatVersion;
  const size_t check_bytes = first ? kFirstCheckBytes : kCheckBytes;
  if (record.size() < check_bytes) return std::nullopt;
  const std::string_view labels = record.substr(check_bytes);
  // Cheaper than a walk over the labels, and it proves every byte.
  *fingerprint = FingerprintOf(labels);
  std::string check;
  if (first) AppendBigEndian(fingerprint->hi, 8, &check);
  AppendBigEndian(fingerprint->lo, first ? 8 : kCheckBytes, &check);
  if (record.substr(0, check_bytes) != check) return std::nullopt;
  return LabelsView(labels);
}

}  // namespace hearth
