// query/exec/series_map.h
//
// From the series of an input to the series of an output when labels change on the way: the outputs
// in fingerprint order, and for each the inputs that have come to share its labels. Sharing is an
// error at a step where two of them have a value, or at all.
//
// Thread safety: immutable once built.
#ifndef HEARTH_QUERY_EXEC_SERIES_MAP_H_
#define HEARTH_QUERY_EXEC_SERIES_MAP_H_

#include <deque>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "query/exec/operator.h"
#include "query/functions/spec.h"

namespace hearth::promql {

// Label sets that an operator has made and that its SeriesMeta refer to. Addresses stay.
class LabelArena {
 public:
  // A copy of `labels`.
  LabelsView Add(LabelsView labels);
  size_t bytes() const { return bytes_; }

 private:
  static constexpr size_t kBlockBytes = size_t{16} << 10;
  std::deque<std::string> blocks_;  // None ever grows beyond what was reserved.
  size_t bytes_ = 0;
};

// Replaces *bytes by the set without __name__, __type__ and __unit__, which go together.
void WithoutName(LabelsView labels, std::string* bytes);
// Replaces *bytes by these labels alone.
void NameOf(LabelsView labels, std::string* bytes);
bool IsNameLabel(std::string_view label);
// As Prometheus prints labels in errors: `{__name__="up", job="x"}`.
std::string PlainText(LabelsView labels);

// `meta` with its name dropped: at once, or marked when names are removed at the end. Its labels
// lie in `arena` or in those of `meta`.
SeriesMeta DropName(const SeriesMeta& meta, bool delayed, LabelArena* arena);

// When two inputs may share an output.
enum class Sharing {
  kInTurns,  // Each step has a value from one of them at most.
  kNever,    // Only one of them has values at all.
};

class SeriesMap {
 public:
  // changed[i] is what became of input i; its fingerprint is computed here when its labels are not
  // those of inputs[i].
  void Build(std::vector<SeriesMeta> changed, std::vector<SeriesMeta>* outputs);
  // Nothing changes.
  void BuildIdentity(const std::vector<SeriesMeta>& inputs, std::vector<SeriesMeta>* outputs);

  // Inputs of output i, ascending.
  std::span<const uint32_t> sources(size_t i) const {
    return {sources_.data() + first_[i], first_[i + 1] - first_[i]};
  }
  // Reads output i: `read` gives the column of an input. kFailedPrecondition when inputs share it
  // otherwise than `sharing` says.
  absl::Status Column(size_t i, StepColumn* out,
                      const std::function<absl::Status(size_t, StepColumn*)>& read,
                      Sharing sharing = Sharing::kInTurns) const;
  // The inputs of these outputs, one after the other.
  std::vector<uint32_t> SourcesOf(std::span<const uint32_t> outputs) const;
  // The outputs in the order of their first inputs in `input_order`.
  std::vector<uint32_t> OutputOrder(const std::vector<uint32_t>& input_order) const;

 private:
  std::vector<uint32_t> sources_;
  std::vector<size_t> first_;  // first_[i] to first_[i + 1] are output i's.
};

absl::Status SameLabelsetError();

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_EXEC_SERIES_MAP_H_
