// tools/bench/exposition_page.h
//
// One target of the scrape generator: the text exposition (0.0.4) of a model's series, family by
// family, step by step. The model's labels job and instance are the scraper's to set, so the page
// leaves out job and calls instance "node".
//
// Thread safety: belongs to one thread.
#ifndef HEARTH_TOOLS_BENCH_EXPOSITION_PAGE_H_
#define HEARTH_TOOLS_BENCH_EXPOSITION_PAGE_H_

#include <string>
#include <vector>

#include "tools/bench/series.h"

namespace hearth::bench {

class ExpositionPage {
 public:
  // Borrows the model, which must outlive it and have no churn.
  explicit ExpositionPage(const SeriesModel* model);

  // Replaces *out by the page of the current step.
  void Render(std::string* out) const;
  void Advance() { slice_.Advance(); }

 private:
  struct Line {
    size_t series;    // In the slice.
    size_t text_end;  // In text_; the line's text begins where its predecessor's ends.
  };

  SeriesSlice slice_;
  std::string text_;  // For each line, what stands before the value: comments, series, a blank.
  std::vector<Line> lines_;
};

}  // namespace hearth::bench

#endif  // HEARTH_TOOLS_BENCH_EXPOSITION_PAGE_H_
