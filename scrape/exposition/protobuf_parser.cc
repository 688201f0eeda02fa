#include "scrape/exposition/protobuf_parser.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "model/sample.h"
#include "model/text.h"
#include "protozero/exception.hpp"
#include "protozero/varint.hpp"
#include "scrape/exposition/float_text.h"
#include "scrape/exposition/protobuf_messages.h"

namespace hearth {
namespace {

constexpr size_t kLengthBytes = 4;
// Bound, suffix, brace and blank.
constexpr size_t kKeyTailBytes = 8 + 1 + 2;

bool IsUnitSuffix(std::string_view name, std::string_view unit, MetricType type) {
  constexpr std::string_view kTotal = "_total";
  if (type == MetricType::kCounter && name.size() > kTotal.size() &&
      name.substr(name.size() - kTotal.size()) == kTotal) {
    name.remove_suffix(kTotal.size());
  }
  return name.size() > unit.size() && name.substr(name.size() - unit.size()) == unit &&
         name[name.size() - unit.size() - 1] == '_';
}

std::string Quoted(std::string_view text) {
  std::string out;
  AppendQuoted(text.substr(0, 80), &out);
  return out;
}

double Canonical(double value) { return std::isnan(value) ? NormalNaN() : value; }

}  // namespace

ExpositionParser::Entry ProtobufParser::Next() {
  if (!status_.ok()) return Entry::kError;
  try {  // protozero reports malformed bytes by exception; it ends here.
    return Step();
  } catch (const protozero::exception& e) {
    return Fail(StrCat("malformed protobuf: ", e.what()));
  }
}

ExpositionParser::Entry ProtobufParser::Fail(std::string_view message) {
  const auto at = message_.data() - body_.data();
  status_ =
      absl::InvalidArgumentError(StrCat("message ", messages_, " at byte ", at, ": ", message));
  return Entry::kError;
}

ExpositionParser::Entry ProtobufParser::Step() {
  while (true) {
    switch (stage_) {
      case Stage::kFamily:
        if (!BeginFamily()) return status_.ok() ? Entry::kEnd : Entry::kError;
        stage_ = Stage::kHelp;
        text_ = help_;
        return Entry::kHelp;
      case Stage::kHelp:
        stage_ = Stage::kType;
        return Entry::kType;
      case Stage::kType:
        stage_ = Stage::kUnit;
        text_ = unit_;
        if (!unit_.empty()) return Entry::kUnit;
        [[fallthrough]];
      case Stage::kUnit:
        stage_ = Stage::kMetrics;
        [[fallthrough]];
      case Stage::kMetrics:
        if (NextSample()) return Entry::kSample;
        if (!BeginMetric()) stage_ = Stage::kFamily;
    }
  }
}

bool ProtobufParser::BeginFamily() {
  if (rest_.empty()) return false;
  ++messages_;
  message_ = rest_;
  const char* p = rest_.data();
  const char* const end = p + rest_.size();
  const uint64_t length = protozero::decode_varint(&p, end);
  const auto left = static_cast<uint64_t>(end - p);
  if (length > left) {
    Fail(StrCat("length ", length, " exceeds the ", left, " bytes that are left"));
    return false;
  }
  message_ = std::string_view(p, length);
  rest_ = std::string_view(p + length, static_cast<size_t>(left - length));
  const exposition::FamilyFields family = exposition::ReadFamily(message_);
  family_ = family.name;
  help_ = family.help;
  unit_ = family.unit;
  metrics_ = family.metrics;
  return CheckFamily(family.type);
}

bool ProtobufParser::CheckFamily(int32_t type_number) {
  const std::optional<MetricType> type = exposition::FamilyType(type_number);
  type_ = type.value_or(MetricType::kUnknown);
  if (family_.empty() || !IsValidUtf8(family_)) {
    Fail(StrCat("invalid metric name: ", Quoted(family_)));
  } else if (!IsValidUtf8(help_)) {
    Fail(StrCat("invalid help for metric ", Quoted(family_)));
  } else if (!type) {
    Fail(StrCat("unknown metric type for metric ", Quoted(family_), ": ", type_number));
  } else if (!unit_.empty() && !IsUnitSuffix(family_, unit_, type_)) {
    Fail(StrCat("unit ", Quoted(unit_), " not a suffix of metric ", Quoted(family_)));
  }
  return status_.ok();
}

bool ProtobufParser::BeginMetric() {
  std::string_view message;
  if (!exposition::TakeField(exposition::kMetricOfFamily, &metrics_, &message)) return false;
  key_.assign(kLengthBytes, '\0');
  const exposition::MetricFields metric = exposition::ReadMetric(message, type_, &key_);
  timestamp_.reset();
  if (metric.t != 0) timestamp_ = metric.t;
  const size_t labels_bytes = key_.size() - kLengthBytes;
  key_.append(family_).append(kKeyTailBytes, ' ');
  key_[key_.size() - 2] = '}';
  const auto length = static_cast<uint32_t>(key_.size());
  std::memcpy(key_.data(), &length, kLengthBytes);
  labels_ = std::string_view(key_).substr(kLengthBytes, labels_bytes);

  const bool histogram = type_ == MetricType::kHistogram || type_ == MetricType::kGaugeHistogram;
  if (histogram || type_ == MetricType::kSummary) {
    const exposition::TotalFields totals = exposition::ReadTotals(metric.value);
    native_histograms_ += histogram && totals.native ? 1 : 0;
    count_ = totals.count;
    sum_ = totals.sum;
    start_ = totals.start;
    rows_ = metric.value;
    infinity_seen_ = !histogram;  // Of quantiles there is no such thing to add.
    part_ = Part::kCount;
  } else {
    const exposition::PlainFields plain = exposition::ReadPlain(metric.value);
    sum_ = plain.value;
    start_ = plain.start;
    exemplar_ = type_ == MetricType::kCounter ? plain.exemplar : std::string_view();
    part_ = Part::kPlain;
  }
  return true;
}

bool ProtobufParser::NextSample() {
  switch (part_) {
    case Part::kPlain:
      part_ = Part::kDone;
      Present("", 0, sum_, exemplar_);
      return true;
    case Part::kCount:
      part_ = Part::kSum;
      Present("_count", 0, count_, {});
      return true;
    case Part::kSum:
      part_ = Part::kRows;
      Present("_sum", 0, sum_, {});
      return true;
    case Part::kRows:
      if (NextRow()) return true;
      part_ = Part::kInfinity;
      [[fallthrough]];
    case Part::kInfinity:
      part_ = Part::kDone;
      if (infinity_seen_) return false;
      Present("_bucket", std::numeric_limits<double>::infinity(), count_, {});
      return true;
    case Part::kDone:
      return false;
  }
  return false;
}

bool ProtobufParser::NextRow() {
  const bool summary = type_ == MetricType::kSummary;
  std::string_view message;
  if (!summary && infinity_seen_) return false;
  if (!exposition::TakeField(exposition::kRowOfMetric, &rows_, &message)) return false;
  const exposition::RowFields row =
      summary ? exposition::ReadQuantile(message) : exposition::ReadBucket(message);
  infinity_seen_ |= row.bound == std::numeric_limits<double>::infinity();
  Present(summary ? "" : "_bucket", row.bound, row.value, row.exemplar);
  return true;
}

void ProtobufParser::Present(std::string_view suffix, double bound, double value,
                             std::string_view exemplar) {
  suffix_ = suffix;
  bound_ = Canonical(bound);
  value_ = Canonical(value);
  exemplar_ = exemplar;
  has_exemplar_ = !exemplar.empty();
  char* const tail = key_.data() + key_.size() - kKeyTailBytes;
  std::memcpy(tail, &bound_, sizeof(bound_));
  // `_count`, `_sum` and `_bucket` differ in their second letter.
  tail[sizeof(bound_)] = suffix.empty() ? '-' : suffix[1];
  p_ = key_.data();
  end_ = p_ + key_.size();
}

bool ProtobufParser::ScanSeries() {
  SkipSeries(key_.size() - 1);
  return true;
}

bool ProtobufParser::ReadValue() { return true; }

bool ProtobufParser::ReadLabels(LabelsBuilder* labels, std::vector<std::string>* empty_names) {
  labels->Set(kMetricNameLabel, StrCat(family_, suffix_));
  if (!AddLabels(exposition::kLabelOfMetric, labels_, labels, empty_names)) return false;
  const std::string_view bound_label = suffix_ == "_bucket" ? "le"
                                       : type_ == MetricType::kSummary && suffix_.empty()
                                           ? "quantile"
                                           : "";
  if (bound_label.empty()) return true;
  std::string bound;
  AppendLabelFloat(bound_, &bound);
  labels->Set(bound_label, bound);
  return true;
}

bool ProtobufParser::AddLabels(uint32_t field, std::string_view fields, LabelsBuilder* labels,
                               std::vector<std::string>* empty_names) {
  std::string_view pair;
  for (size_t count = 0; exposition::TakeField(field, &fields, &pair); ++count) {
    if (count == kLabelsMax) {
      Fail(StrCat("more than ", kLabelsMax, " labels of metric ", Quoted(family_)));
      return false;
    }
    if (!AddLabel(pair, labels, empty_names)) return false;
  }
  return true;
}

bool ProtobufParser::AddLabel(std::string_view pair, LabelsBuilder* labels,
                              std::vector<std::string>* empty_names) {
  exposition::LabelFields label;
  try {
    label = exposition::ReadLabel(pair);
  } catch (const protozero::exception& e) {
    Fail(StrCat("malformed label of metric ", Quoted(family_), ": ", e.what()));
    return false;
  }
  if (label.name.empty() || !IsValidUtf8(label.name)) {
    Fail(StrCat("invalid label name ", Quoted(label.name), " of metric ", Quoted(family_)));
  } else if (!IsValidUtf8(label.value)) {
    Fail(StrCat("invalid value of label ", Quoted(label.name), " of metric ", Quoted(family_)));
  } else if (!labels->Get(label.name).empty()) {
    Fail(StrCat("label name ", Quoted(label.name), " is not unique: invalid sample"));
  } else {
    labels->Set(label.name, label.value);
    if (label.value.empty() && empty_names != nullptr) empty_names->emplace_back(label.name);
  }
  return status_.ok();
}

bool ProtobufParser::ReadExemplar(TimeMs t, Exemplar* exemplar) {
  LabelsBuilder labels;
  try {
    const exposition::ExemplarFields fields = exposition::ReadExemplar(exemplar_);
    if (!fields.valid_time) {
      Fail(StrCat("invalid timestamp of an exemplar of metric ", Quoted(family_)));
      return false;
    }
    exemplar->value = Canonical(fields.value);
    exemplar->t = fields.t.value_or(t);
    exemplar->own_time = fields.t.has_value();
    if (!AddLabels(exposition::kLabelOfExemplar, exemplar_, &labels, nullptr)) return false;
  } catch (const protozero::exception& e) {
    Fail(StrCat("malformed exemplar of metric ", Quoted(family_), ": ", e.what()));
    return false;
  }
  exemplar->labels = labels.Build();
  return true;
}

}  // namespace hearth
