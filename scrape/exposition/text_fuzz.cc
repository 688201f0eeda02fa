// Bodies in the text format.
#include "scrape/exposition/fuzz_walk.h"
#include "tools/fuzz/fuzz.h"

namespace hearth {

std::vector<std::string> fuzz::Corpus() {
  return {
      "# HELP a x\\n\n# TYPE a histogram\na_bucket{le=\"1\",b=\"c\\\"d\"} 1 2\n",
      "{\"u.v\",\"w\"=\"x\"} NaN\nb{} +Inf\n# UNIT a s\n# TYPE \"q.r\" summary\nq{quantile=\"1\"} "
      "3",
      "  a {b = \"c\" , d=\"e\",}\t-1.5e-3 -17\n\n# comment\n#\nc 1 \n",
  };
}

}  // namespace hearth

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  hearth::FuzzWalk("PrometheusText1.0.0", data, size);
  return 0;
}
