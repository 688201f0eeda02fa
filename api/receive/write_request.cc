#include "api/receive/write_request.h"

#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>

#include "model/text.h"

namespace hearth {
namespace {

using protozero::pbf_reader;
using protozero::pbf_wire_type;
using protozero::tag_and_type;

constexpr uint32_t kTimeSeries = tag_and_type(1, pbf_wire_type::length_delimited);
constexpr uint32_t kMetadata = tag_and_type(3, pbf_wire_type::length_delimited);

constexpr uint32_t kLabels = tag_and_type(1, pbf_wire_type::length_delimited);
constexpr uint32_t kSamples = tag_and_type(2, pbf_wire_type::length_delimited);
constexpr uint32_t kExemplars = tag_and_type(3, pbf_wire_type::length_delimited);
constexpr uint32_t kHistograms = tag_and_type(4, pbf_wire_type::length_delimited);

Sample ReadSample(std::string_view bytes) {
  Sample sample;
  for (pbf_reader reader(bytes); reader.next();) {
    switch (reader.tag_and_type()) {
      case tag_and_type(1, pbf_wire_type::fixed64):
        sample.v = reader.get_double();
        break;
      case tag_and_type(2, pbf_wire_type::varint):
        sample.t = reader.get_int64();
        break;
      default:
        reader.skip();
    }
  }
  return sample;
}

TimeMs ReadHistogramTime(std::string_view bytes) {
  TimeMs t = 0;
  for (pbf_reader reader(bytes); reader.next();) {
    if (reader.tag_and_type() == tag_and_type(15, pbf_wire_type::varint)) {
      t = reader.get_int64();
    } else {
      reader.skip();
    }
  }
  return t;
}

// The bytes of repeated fields with one tag: a view of the message as long as they follow each
// other, a joined copy otherwise.
class FieldRun {
 public:
  explicit FieldRun(std::deque<std::string>* copies) : copies_(copies) {}

  void Add(const char* begin, const char* end) {
    const std::string_view field(begin, static_cast<size_t>(end - begin));
    if (run_.empty()) {
      run_ = field;
    } else if (copy_ == nullptr && run_.data() + run_.size() == begin) {
      run_ = std::string_view(run_.data(), run_.size() + field.size());
    } else {
      if (copy_ == nullptr) copy_ = &copies_->emplace_back(run_);
      copy_->append(field);
    }
  }
  std::string_view bytes() const { return copy_ != nullptr ? std::string_view(*copy_) : run_; }

 private:
  std::deque<std::string>* const copies_;
  std::string_view run_;
  std::string* copy_ = nullptr;
};

WireExemplar ReadExemplar(std::string_view bytes, std::deque<std::string>* copies) {
  WireExemplar exemplar;
  FieldRun labels(copies);
  pbf_reader reader(bytes);
  for (const char* begin = bytes.data(); reader.next(); begin = reader.data().data()) {
    switch (reader.tag_and_type()) {
      case kLabels:
        reader.skip();
        labels.Add(begin, reader.data().data());
        break;
      case tag_and_type(2, pbf_wire_type::fixed64):
        exemplar.value = reader.get_double();
        break;
      case tag_and_type(3, pbf_wire_type::varint):
        exemplar.t = reader.get_int64();
        break;
      default:
        reader.skip();
    }
  }
  exemplar.labels = labels.bytes();
  return exemplar;
}

void ReadSeries(std::string_view bytes, WireBatch* batch) {
  WireSeries series{.samples_begin = batch->samples.size(),
                    .exemplars_begin = batch->exemplars.size(),
                    .histograms_begin = batch->histogram_t.size()};
  FieldRun labels(&batch->scattered_labels);
  pbf_reader reader(bytes);
  for (const char* begin = bytes.data(); reader.next(); begin = reader.data().data()) {
    switch (reader.tag_and_type()) {
      case kLabels:
        reader.skip();
        labels.Add(begin, reader.data().data());
        break;
      case kSamples:
        batch->samples.push_back(ReadSample(reader.get_view()));
        break;
      case kExemplars:
        batch->exemplars.push_back(ReadExemplar(reader.get_view(), &batch->scattered_labels));
        break;
      case kHistograms:
        batch->histogram_t.push_back(ReadHistogramTime(reader.get_view()));
        break;
      default:
        reader.skip();
    }
  }
  series.labels = labels.bytes();
  series.samples_end = batch->samples.size();
  series.exemplars_end = batch->exemplars.size();
  series.histograms_end = batch->histogram_t.size();
  const bool empty = series.samples_begin == series.samples_end &&
                     series.exemplars_begin == series.exemplars_end &&
                     series.histograms_begin == series.histograms_end;
  if (!empty) batch->series.push_back(series);
}

WireMetadata ReadMetadata(std::string_view bytes) {
  WireMetadata entry;
  for (pbf_reader reader(bytes); reader.next();) {
    switch (reader.tag_and_type()) {
      case tag_and_type(1, pbf_wire_type::varint): {
        const int32_t type = reader.get_enum();
        if (type >= 0 && type <= static_cast<int32_t>(MetricType::kStateset)) {
          entry.metadata.type = static_cast<MetricType>(type);
        }
        break;
      }
      case tag_and_type(2, pbf_wire_type::length_delimited):
        entry.metric_family = reader.get_view();
        break;
      case tag_and_type(4, pbf_wire_type::length_delimited):
        entry.metadata.help.assign(reader.get_view());
        break;
      case tag_and_type(5, pbf_wire_type::length_delimited):
        entry.metadata.unit.assign(reader.get_view());
        break;
      default:
        reader.skip();
    }
  }
  return entry;
}

}  // namespace

void WireBatch::Clear() {
  series.clear();
  samples.clear();
  exemplars.clear();
  histogram_t.clear();
  scattered_labels.clear();
}

absl::Status WriteRequestReader::ReadBatch(size_t series_max, size_t samples_max, WireBatch* batch,
                                           std::vector<WireMetadata>* metadata) {
  batch->Clear();
  pbf_reader reader(rest_);
  try {  // protozero reports malformed bytes by exception; it ends here.
    while (batch->series.size() < series_max && batch->samples.size() < samples_max &&
           reader.next()) {
      switch (reader.tag_and_type()) {
        case kTimeSeries:
          ReadSeries(reader.get_view(), batch);
          break;
        case kMetadata:
          metadata->push_back(ReadMetadata(reader.get_view()));
          break;
        default:
          reader.skip();
      }
      rest_ = reader.data();
    }
  } catch (const protozero::exception& error) {
    return absl::InvalidArgumentError(StrCat("write request of ", message_.size(),
                                             " bytes: malformed field at byte ",
                                             message_.size() - rest_.size(), ": ", error.what()));
  }
  return absl::OkStatus();
}

}  // namespace hearth
