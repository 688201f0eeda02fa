#include "blackbox/load.h"

#include "blackbox/remote_write_sender.h"

namespace hearth::blackbox {

Load::Load(int series) {
  labels_.reserve(static_cast<size_t>(series));
  for (int i = 0; i < series; ++i) {
    labels_.push_back(Labels{{"__name__", "load_metric"},
                             {"instance", "host-" + std::to_string(i / 500) + ".example.org:9100"},
                             {"job", "node"},
                             {"group", std::to_string(i / 100)},
                             {"device", "nvme" + std::to_string(i % 500) + "n1"},
                             {"mode", i % 2 == 0 ? "read" : "write"},
                             {"region", "eu-central-1"},
                             {"cluster", "production-blue"},
                             {"series", std::to_string(i)}});
  }
}

std::string Load::Body(int from, int to, int64_t n, TimeMs t) const {
  std::string body;
  body.reserve(static_cast<size_t>(to - from) * 280);
  for (int i = from; i < to; ++i) {
    AppendTimeSeries(labels(i).bytes(), Sample{t, Value(i, n)}, &body);
  }
  return body;
}

}  // namespace hearth::blackbox
