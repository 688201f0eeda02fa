#include <algorithm>
#include <array>

#include "model/status.h"
#include "model/text.h"
#include "scrape/exposition/text_parser.h"
#include "tools/bench/batch_source.h"
#include "tools/bench/trace_reader.h"

namespace hearth::bench {
namespace {

// Targets beyond these are named "target-<number>".
constexpr std::array<std::string_view, 5> kJobs = {"prometheus", "node", "redis", "postgres",
                                                   "victoriametrics"};

class TraceSource : public BatchSource {
 public:
  TraceSource(std::unique_ptr<TraceReader> reader,
              std::vector<std::pair<std::string, std::string>> extra_labels, StepTimes times)
      : reader_(std::move(reader)), extra_labels_(std::move(extra_labels)), times_(times) {}

  absl::Status Next(int samples_max, WriteBody* body) override {
    while (next_ == samples_.size()) {
      HEARTH_ASSIGN_OR_RETURN(const bool more, ReadRound());
      if (!more) return absl::OkStatus();
    }
    const TimeMs t = times_.start_ms + (round_ - 1) * times_.step_ms;
    for (; next_ < samples_.size() && body->samples() < samples_max; ++next_) {
      const auto& [series, value] = samples_[next_];
      body->Add(labels_[series], {t, value});
    }
    return absl::OkStatus();
  }

 private:
  // Collects the samples of the next round of scrapes; false at the end.
  absl::StatusOr<bool> ReadRound() {
    samples_.clear();
    next_ = 0;
    if (round_ == times_.steps) return false;
    int previous = -1;
    for (;;) {
      if (!pending_) {
        HEARTH_ASSIGN_OR_RETURN(pending_, reader_->Next(&record_));
        if (!pending_ && previous < 0) return false;
      }
      if (!pending_ || record_.target <= previous) break;
      HEARTH_RETURN_IF_ERROR(ReadBody());
      previous = record_.target;
      pending_ = false;
    }
    ++round_;
    return true;
  }

  absl::Status ReadBody() {
    TextParser parser(record_.body);
    for (auto entry = parser.Next(); entry != TextParser::Entry::kEnd; entry = parser.Next()) {
      const bool is_sample = entry == TextParser::Entry::kSample;
      if (entry == TextParser::Entry::kError ||
          (is_sample && (!parser.ScanSeries() || !parser.ReadValue()))) {
        return absl::InvalidArgumentError(StrCat("recording, target ", record_.target, " at ",
                                                 record_.t, ": ",
                                                 FromAbsl(parser.status().message())));
      }
      if (!is_sample) continue;
      HEARTH_ASSIGN_OR_RETURN(const uint32_t series, SeriesOf(&parser));
      samples_.emplace_back(series, parser.value());
    }
    return absl::OkStatus();
  }

  absl::StatusOr<uint32_t> SeriesOf(TextParser* parser) {
    StringMap<uint32_t>& known = known_[static_cast<size_t>(record_.target)];
    if (const auto it = known.find(parser->series()); it != known.end()) return it->second;
    LabelsBuilder builder;
    if (!parser->AppendLabels(&builder)) return parser->status();
    const auto target = static_cast<size_t>(record_.target);
    AttachTargetLabel(
        "job",
        target < kJobs.size() ? std::string(kJobs[target]) : StrCat("target-", record_.target),
        &builder);
    AttachTargetLabel("instance", StrCat("127.0.0.1:", 9100 + record_.target), &builder);
    for (const auto& [name, value] : extra_labels_) builder.Set(name, value);
    const auto series = static_cast<uint32_t>(labels_.size());
    labels_.push_back(builder.Build());
    known.emplace(std::string(parser->series()), series);
    return series;
  }

  static void AttachTargetLabel(std::string_view name, std::string_view value,
                                LabelsBuilder* builder) {
    const std::string own(builder->Get(name));
    if (!own.empty()) builder->Set(StrCat("exported_", name), own);
    builder->Set(name, value);
  }

  const std::unique_ptr<TraceReader> reader_;
  const std::vector<std::pair<std::string, std::string>> extra_labels_;
  const StepTimes times_;
  TraceRecord record_;
  bool pending_ = false;                        // record_ has been read and not used.
  int64_t round_ = 0;                           // Rounds read.
  std::array<StringMap<uint32_t>, 256> known_;  // By target: series text -> index in labels_.
  std::vector<Labels> labels_;
  std::vector<std::pair<uint32_t, double>> samples_;  // Of the round: index in labels_, value.
  size_t next_ = 0;                                   // In samples_.
};

}  // namespace

absl::StatusOr<std::unique_ptr<BatchSource>> NewTraceSource(
    const std::string& path, std::vector<std::pair<std::string, std::string>> extra_labels,
    StepTimes times) {
  HEARTH_ASSIGN_OR_RETURN(std::unique_ptr<TraceReader> reader, TraceReader::Open(path));
  return std::make_unique<TraceSource>(std::move(reader), std::move(extra_labels), times);
}

}  // namespace hearth::bench
