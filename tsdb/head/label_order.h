// tsdb/head/label_order.h
//
// LabelOrder: sorts series by metric name, then by labels, without their label sets. A series is
// the list of its pairs' numbers, as LabelIndex keeps it; each distinct pair is ranked once, and
// series are compared by the ranks of the first pair in which they differ.
//
// Thread safety: none. Lifetime: borrows lists and texts until Sorted has returned.
#ifndef HEARTH_TSDB_HEAD_LABEL_ORDER_H_
#define HEARTH_TSDB_HEAD_LABEL_ORDER_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace hearth {

class LabelOrder {
 public:
  explicit LabelOrder(size_t series) { series_.reserve(series); }

  // Whether AddPair is still to be called for the pair. Numbers are small: room is taken up to the
  // largest.
  bool Wants(uint32_t pair) const { return pair >= ranks_.size() || ranks_[pair] == 0; }
  // `text`: the label's canonical bytes.
  void AddPair(uint32_t pair, std::string_view text);
  // The next series. ids[0] is the number of its pairs, which follow, sorted by label name; all of
  // them have been added.
  void AddSeries(const uint32_t* ids) {
    series_.push_back({ids, 0, static_cast<uint32_t>(series_.size())});
  }

  // The numbers of the series, 0 for the one that was added first, in order. To be called once.
  std::vector<uint32_t> Sorted();

  // What a series and a pair take at most while they are sorted.
  static constexpr size_t kSeriesBytes = 20;
  static constexpr size_t kPairBytes = 84;

 private:
  struct Pair {
    std::string_view text;
    uint32_t number;
  };
  struct Series {
    const uint32_t* ids;
    uint32_t metric;  // The rank of its metric name's pair; 0 = it has none.
    uint32_t number;
  };

  // Fills ranks_ and the metrics of the series.
  void Rank();
  bool Less(const Series& a, const Series& b) const;

  std::vector<Pair> pairs_;
  std::vector<Series> series_;
  std::vector<uint32_t> ranks_;  // By number of the pair; 0 = unknown.
};

}  // namespace hearth

#endif  // HEARTH_TSDB_HEAD_LABEL_ORDER_H_
