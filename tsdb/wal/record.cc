#include "tsdb/wal/record.h"

#include <limits>

#include "model/text.h"

namespace hearth {
namespace {

absl::Status Malformed(std::string_view what, std::string_view payload, const ByteReader& at) {
  return absl::DataLossError(StrCat("WAL ", what, " record of ", payload.size(),
                                    " bytes: malformed before byte ", payload.size() - at.left()));
}

// Reads items with read(reader, item) until the payload ends.
template <typename T, typename Fn>
absl::Status DecodeAll(std::string_view what, std::string_view payload, std::vector<T>* out,
                       Fn read) {
  out->clear();
  ByteReader in(payload);
  while (!in.empty()) {
    if (!read(&in, &out->emplace_back())) {
      out->clear();
      return Malformed(what, payload, in);
    }
  }
  return absl::OkStatus();
}

void PutDoubles(const std::vector<double>& values, std::string* out) {
  PutVarint(values.size(), out);
  for (const double v : values) PutFixed(v, out);
}

bool ReadDoubles(ByteReader* in, std::vector<double>* values) {
  uint64_t n;
  if (!in->Varint(&n) || n > in->left() / sizeof(double)) return false;
  values->resize(n);
  for (double& v : *values) {
    if (!in->Fixed(&v)) return false;
  }
  return true;
}

void PutSpans(const std::vector<HistogramSpan>& spans, std::string* out) {
  PutVarint(spans.size(), out);
  for (const HistogramSpan& span : spans) {
    PutSigned(span.offset, out);
    PutVarint(span.length, out);
  }
}

bool ReadSpans(ByteReader* in, std::vector<HistogramSpan>* spans) {
  uint64_t n;
  if (!in->Varint(&n) || n > in->left() / 2) return false;
  spans->resize(n);
  for (HistogramSpan& span : *spans) {
    int64_t offset;
    if (!in->Signed(&offset) || !in->Varint32(&span.length)) return false;
    if (offset != static_cast<int32_t>(offset)) return false;
    span.offset = static_cast<int32_t>(offset);
  }
  return true;
}

bool ReadHistogram(ByteReader* in, Histogram* h) {
  uint8_t hint;
  int64_t schema;
  if (!in->Fixed(&hint) || hint > static_cast<uint8_t>(CounterResetHint::kGauge)) return false;
  if (!in->Signed(&schema) || schema != static_cast<int32_t>(schema)) return false;
  h->counter_reset_hint = static_cast<CounterResetHint>(hint);
  h->schema = static_cast<int32_t>(schema);
  return in->Fixed(&h->zero_threshold) && in->Fixed(&h->zero_count) && in->Fixed(&h->count) &&
         in->Fixed(&h->sum) && ReadSpans(in, &h->positive_spans) &&
         ReadSpans(in, &h->negative_spans) && ReadDoubles(in, &h->positive_buckets) &&
         ReadDoubles(in, &h->negative_buckets) && ReadDoubles(in, &h->custom_values);
}

}  // namespace

void EncodeSeries(WalRef ref, std::string_view labels, std::string* payload) {
  PutVarint(ref, payload);
  PutBytes(labels, payload);
}

void EncodeHistogram(const WalHistogram& record, std::string* payload) {
  const Histogram& h = record.histogram;
  PutVarint(record.ref, payload);
  PutSigned(record.t, payload);
  PutFixed(static_cast<uint8_t>(h.counter_reset_hint), payload);
  PutSigned(h.schema, payload);
  for (const double v : {h.zero_threshold, h.zero_count, h.count, h.sum}) PutFixed(v, payload);
  PutSpans(h.positive_spans, payload);
  PutSpans(h.negative_spans, payload);
  PutDoubles(h.positive_buckets, payload);
  PutDoubles(h.negative_buckets, payload);
  PutDoubles(h.custom_values, payload);
}

void EncodeStartTimestamp(const WalStartTimestamp& start, std::string* payload) {
  PutVarint(start.ref, payload);
  PutSigned(start.t, payload);
  PutSigned(start.start_t, payload);
}

void EncodeExemplar(const WalExemplar& record, std::string* payload) {
  PutVarint(record.ref, payload);
  PutSigned(record.exemplar.t, payload);
  PutFixed(record.exemplar.value, payload);
  PutBytes(record.exemplar.labels.bytes(), payload);
}

void EncodeMetadata(const WalMetadata& record, std::string* payload) {
  PutBytes(record.metric_family, payload);
  PutFixed(static_cast<uint8_t>(record.metadata.type), payload);
  PutBytes(record.metadata.help, payload);
  PutBytes(record.metadata.unit, payload);
}

void EncodeSegmentNote(const WalSegmentNote& note, std::string* payload) {
  PutVarint(note.segment, payload);
  PutVarint(note.series, payload);
  PutVarint(note.last_lsn, payload);
  PutSigned(note.times.mint, payload);
  PutSigned(note.times.maxt, payload);
}

absl::Status DecodeSeries(std::string_view payload, std::vector<WalSeries>* out) {
  return DecodeAll("series", payload, out, [](ByteReader* in, WalSeries* s) {
    return in->Varint32(&s->ref) && in->Bytes(&s->labels);
  });
}

bool SamplesDecoder::NextNearEnd(WalSample* sample) {
  if (p_ == end_) return false;
  char padded[2 * kMaxSampleBytes] = {};
  std::memcpy(padded, p_, left());
  const char* const after = Read(padded);
  if (after == nullptr || after > padded + left()) return Fail();
  p_ += after - padded;
  *sample = last_;
  return true;
}

absl::Status DecodeSamples(std::string_view payload, std::vector<WalSample>* out) {
  out->clear();
  SamplesDecoder in(payload);
  for (WalSample sample; in.Next(&sample);) out->push_back(sample);
  if (!in.malformed()) return absl::OkStatus();
  out->clear();
  return absl::DataLossError(StrCat("WAL samples record of ", payload.size(),
                                    " bytes: malformed before byte ", payload.size() - in.left()));
}

absl::Status DecodeHistograms(std::string_view payload, std::vector<WalHistogram>* out) {
  return DecodeAll("histograms", payload, out, [](ByteReader* in, WalHistogram* h) {
    return in->Varint32(&h->ref) && in->Signed(&h->t) && ReadHistogram(in, &h->histogram);
  });
}

absl::Status DecodeStartTimestamps(std::string_view payload, std::vector<WalStartTimestamp>* out) {
  return DecodeAll("start timestamps", payload, out, [](ByteReader* in, WalStartTimestamp* s) {
    return in->Varint32(&s->ref) && in->Signed(&s->t) && in->Signed(&s->start_t);
  });
}

absl::Status DecodeExemplars(std::string_view payload, std::vector<WalExemplar>* out) {
  return DecodeAll("exemplars", payload, out, [](ByteReader* in, WalExemplar* e) {
    std::string_view bytes;
    if (!in->Varint32(&e->ref) || !in->Signed(&e->exemplar.t) || !in->Fixed(&e->exemplar.value) ||
        !in->Bytes(&bytes)) {
      return false;
    }
    absl::StatusOr<Labels> labels = ParseLabels(bytes);
    if (labels.ok()) e->exemplar.labels = *std::move(labels);
    return labels.ok();
  });
}

absl::Status DecodeMetadata(std::string_view payload, std::vector<WalMetadata>* out) {
  return DecodeAll("metadata", payload, out, [](ByteReader* in, WalMetadata* m) {
    std::string_view family, help, unit;
    uint8_t type;
    if (!in->Bytes(&family) || !in->Fixed(&type) || !in->Bytes(&help) || !in->Bytes(&unit) ||
        type > static_cast<uint8_t>(MetricType::kStateset)) {
      return false;
    }
    m->metric_family = family;
    m->metadata = Metadata{static_cast<MetricType>(type), std::string(help), std::string(unit)};
    return true;
  });
}

absl::Status DecodeSegments(std::string_view payload, std::vector<WalSegmentNote>* out) {
  return DecodeAll("segments", payload, out, [](ByteReader* in, WalSegmentNote* n) {
    return in->Varint32(&n->segment) && in->Varint32(&n->series) && in->Varint(&n->last_lsn) &&
           in->Signed(&n->times.mint) && in->Signed(&n->times.maxt);
  });
}

}  // namespace hearth
