// tools/compliance/demo_data.h
//
// Series with the names and labels that the compliance queries ask for: three instances of a demo
// service, one sample each five seconds. Every value follows from the series and its number, so
// that both servers get the same bytes and every run is the same.
//
// Thread safety: const after construction.
#ifndef HEARTH_TOOLS_COMPLIANCE_DEMO_DATA_H_
#define HEARTH_TOOLS_COMPLIANCE_DEMO_DATA_H_

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "blackbox/remote_write_sender.h"
#include "model/clock.h"
#include "model/labels.h"

namespace hearth::compliance {

class DemoData {
 public:
  static constexpr TimeMs kIntervalMs = 5000;

  // The samples lie in [end - length, end), each half a second before `end` less a multiple of the
  // interval: never on the edge of a range of whole seconds that ends whole seconds from `end`,
  // which belongs to the range in Prometheus 2 and not in Prometheus 3.
  DemoData(TimeMs end, TimeMs length);

  // All samples as remote-write bodies of a minute each, in the order of time.
  std::vector<std::string> WriteRequests() const;

 private:
  // The value of sample k; a value that is absent is written as nullopt.
  using Value = std::function<std::optional<double>(int64_t k)>;
  struct Series {
    Labels labels;
    Value value;
  };

  void AddInstance(int instance);
  void AddHistogram(int instance, const std::string& method, const std::string& path);
  void Add(int instance, const std::string& name,
           std::vector<std::pair<std::string, std::string>> more, Value value);

  const TimeMs end_;
  const TimeMs length_;
  std::vector<Series> series_;
};

}  // namespace hearth::compliance

#endif  // HEARTH_TOOLS_COMPLIANCE_DEMO_DATA_H_
