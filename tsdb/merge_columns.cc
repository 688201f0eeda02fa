#include "tsdb/merge_columns.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace hearth {

namespace {

// The same for any two parallel columns.
template <typename Value>
void MergeTailOf(size_t first, std::vector<TimeMs>* t, std::vector<Value>* v) {
  if (first == 0 || first == t->size() || (*t)[first - 1] < (*t)[first]) return;
  // What lies before the second part's begin stays where it is.
  const auto keep = static_cast<size_t>(
      std::lower_bound(t->begin(), t->begin() + static_cast<std::ptrdiff_t>(first), (*t)[first]) -
      t->begin());
  const std::vector<TimeMs> old_t(t->begin() + static_cast<std::ptrdiff_t>(keep), t->end());
  std::vector<Value> old_v(std::make_move_iterator(v->begin() + static_cast<std::ptrdiff_t>(keep)),
                           std::make_move_iterator(v->end()));
  size_t a = 0, b = first - keep, out = keep;
  const size_t a_end = b, b_end = old_t.size();
  const auto take = [&](size_t from) {
    (*t)[out] = old_t[from];
    (*v)[out] = std::move(old_v[from]);
    ++out;
  };
  while (a < a_end && b < b_end) {
    if (old_t[a] > old_t[b]) {
      take(b++);
    } else {
      if (old_t[a] == old_t[b]) ++b;
      take(a++);
    }
  }
  while (a < a_end) take(a++);
  while (b < b_end) take(b++);
  t->resize(out);
  v->resize(out);
}

}  // namespace

void MergeTail(size_t first, SampleColumns* columns) {
  MergeTailOf(first, &columns->t, &columns->v);
}

void MergeTails(size_t first, size_t first_histogram, SampleColumns* columns) {
  MergeTailOf(first, &columns->t, &columns->v);
  MergeTailOf(first_histogram, &columns->histogram_t, &columns->histograms);
}

}  // namespace hearth
