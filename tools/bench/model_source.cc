#include "tools/bench/batch_source.h"

namespace hearth::bench {
namespace {

class ModelSource : public BatchSource {
 public:
  ModelSource(const SeriesModel* model, int64_t from, int64_t to, StepTimes times)
      : slice_(model, from, to), times_(times) {}

  absl::Status Next(int samples_max, WriteBody* body) override {
    if (next_ == slice_.size()) {
      if (slice_.step() + 1 >= times_.steps) return absl::OkStatus();
      slice_.Advance();
      next_ = 0;
    }
    const TimeMs t = times_.start_ms + slice_.step() * times_.step_ms;
    for (; next_ < slice_.size() && body->samples() < samples_max; ++next_) {
      body->Add(slice_.labels(next_), {t, slice_.value(next_)});
    }
    return absl::OkStatus();
  }

 private:
  SeriesSlice slice_;
  const StepTimes times_;
  size_t next_ = 0;
};

}  // namespace

std::unique_ptr<BatchSource> NewModelSource(const SeriesModel* model, int64_t from, int64_t to,
                                            StepTimes times) {
  return std::make_unique<ModelSource>(model, from, to, times);
}

}  // namespace hearth::bench
