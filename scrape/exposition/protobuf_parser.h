// scrape/exposition/protobuf_parser.h
//
// The protobuf format: io.prometheus.client.MetricFamily messages, each behind its length as a
// varint. A family gives kHelp, kType, kUnit if it has a unit, then its samples: `_count`, `_sum`
// and buckets or quantiles of histograms and summaries, `le="+Inf"` also where the message has
// none. Of native histograms the classic part is given and the rest is counted
// (native_histograms).
//
// The message is walked where it lies; what has no bound in it (metrics, buckets) is never
// collected. unread() is put together for each sample:
//
//   length of it all (4 bytes) | the metric's label fields | family | bound (8) | suffix (1) | } '
//   '
//
// so that no series text is the beginning of another and a known one is found by its bytes.
//
// Thread safety: one thread. Lifetime: the body must outlive the parser; views that the parser
// gives are valid until the next call of Next.
#ifndef HEARTH_SCRAPE_EXPOSITION_PROTOBUF_PARSER_H_
#define HEARTH_SCRAPE_EXPOSITION_PROTOBUF_PARSER_H_

#include <string>
#include <string_view>
#include <vector>

#include "scrape/exposition/exposition_parser.h"

namespace hearth {

class ProtobufParser final : public ExpositionParser {
 public:
  explicit ProtobufParser(std::string_view body, const ParseOptions& /*options*/ = {})
      : body_(body), rest_(body) {}

  Entry Next() override;
  bool ScanSeries() override;
  bool ReadValue() override;
  TimeMs StartTime() override { return start_; }
  bool ReadExemplar(TimeMs t, Exemplar* exemplar) override;
  std::string Help() const override { return std::string(text_); }

 private:
  // What a sample of a metric is, in the order they come.
  enum class Part : char { kPlain, kCount, kSum, kRows, kInfinity, kDone };
  enum class Stage { kFamily, kHelp, kType, kUnit, kMetrics };

  Entry Step();
  Entry Fail(std::string_view message);
  // Reads the next family up to its metrics. False at the end of the body and on an error.
  bool BeginFamily();
  bool CheckFamily(int32_t type_number);
  // Reads the next metric of the family, false when there is none.
  bool BeginMetric();
  // Makes the next sample of the metric the present one, false when it has no more.
  bool NextSample();
  bool NextRow();
  void Present(std::string_view suffix, double bound, double value, std::string_view exemplar);
  bool ReadLabels(LabelsBuilder* labels, std::vector<std::string>* empty_names) override;
  // The labels of `fields`, which are those with the number `field` among others.
  bool AddLabels(uint32_t field, std::string_view fields, LabelsBuilder* labels,
                 std::vector<std::string>* empty_names);
  bool AddLabel(std::string_view pair, LabelsBuilder* labels,
                std::vector<std::string>* empty_names);

  const std::string_view body_;
  std::string_view rest_;     // Behind the present message.
  std::string_view message_;  // The present one.
  uint64_t messages_ = 0;     // Read so far, the present one included.

  Stage stage_ = Stage::kFamily;
  std::string_view help_;
  std::string_view unit_;
  std::string_view metrics_;  // Fields of the family from the next metric on.

  // The present metric.
  Part part_ = Part::kDone;
  std::string_view labels_;  // Of key_: its label fields, one after the other.
  std::string_view rows_;    // Fields of the histogram or summary from the next row on.
  double count_ = 0;
  double sum_ = 0;
  TimeMs start_ = 0;
  bool infinity_seen_ = false;

  // The present sample.
  std::string key_;
  std::string_view suffix_;
  double bound_ = 0;
  std::string_view exemplar_;
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_EXPOSITION_PROTOBUF_PARSER_H_
