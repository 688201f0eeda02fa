// Bodies in OpenMetrics.
#include "scrape/exposition/fuzz_walk.h"
#include "tools/fuzz/fuzz.h"

namespace hearth {

std::vector<std::string> fuzz::Corpus() {
  return {
      "# HELP a \\\"x\\\"\n# TYPE a counter\na_total 1 2.5 # {t=\"x\",\"y.z\"=\"w\"} 3 4.125\n# "
      "EOF\n",
      "# TYPE h_seconds histogram\n# UNIT h_seconds seconds\n"
      "h_seconds_bucket{le=\"1\"} 1 # {} 0.5\nh_seconds_bucket{le=\"+Inf\"} 2\n# EOF",
      "{\"u.v\",w=\"x\\\\\\n\"} NaN 1e9\n# TYPE \"u.v\" unknown\n# EOF\n",
  };
}

}  // namespace hearth

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  hearth::FuzzWalk("OpenMetricsText1.0.0", data, size);
  return 0;
}
