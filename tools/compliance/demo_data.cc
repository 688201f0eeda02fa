#include "tools/compliance/demo_data.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "model/sample.h"
#include "model/text.h"

namespace hearth::compliance {
namespace {

constexpr TimeMs kBeforeMs = 500;

// In [0, 1), the same for the same arguments.
double Noise(int64_t series, int64_t k) {
  auto x = static_cast<uint64_t>(series * 1'000'003 + k);
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return static_cast<double>((x ^ (x >> 31)) >> 11) * 0x1p-53;
}

}  // namespace

DemoData::DemoData(TimeMs end, TimeMs length) : end_(end), length_(length) {
  for (int instance = 0; instance < 3; ++instance) AddInstance(instance);
}

void DemoData::Add(int instance, const std::string& name,
                   std::vector<std::pair<std::string, std::string>> more, Value value) {
  LabelsBuilder builder;
  builder.Set("__name__", name).Set("job", "demo");
  builder.Set("instance", StrCat("demo.promlabs.com:", 10000 + instance));
  for (const auto& [label, text] : more) builder.Set(label, text);
  series_.push_back({builder.Build(), std::move(value)});
}

void DemoData::AddInstance(int instance) {
  const double scale = 1 + instance;
  int64_t seed = instance * 100;
  for (const char* type : {"buffers", "cached", "free", "used"}) {
    ++seed;
    Add(instance, "demo_memory_usage_bytes", {{"type", type}}, [=](int64_t k) {
      const double wave = std::sin(static_cast<double>(k) / 40 + scale);
      return std::floor(1e9 * (scale + wave + Noise(seed, k)));
    });
  }
  for (const char* mode : {"idle", "system", "user"}) {
    ++seed;
    // Falls back to zero every half hour, at another time in each instance.
    Add(instance, "demo_cpu_usage_seconds_total", {{"mode", mode}}, [=](int64_t k) {
      const int64_t since = (k + 40 * instance) % 360;
      return 1.25 * scale * static_cast<double>(since) + Noise(seed, k);
    });
  }
  Add(instance, "demo_disk_usage_bytes", {}, [=](int64_t k) {
    return 5e10 * scale + 1e5 * static_cast<double>(k % 700) + 1e6 * Noise(seed + 1, k);
  });
  Add(instance, "demo_num_cpus", {}, [=](int64_t) { return 4.0 * scale; });
  Add(instance, "demo_batch_last_success_timestamp_seconds", {}, [=, end = end_](int64_t k) {
    const int64_t success = (k + 7 * instance) / 24 * 24;
    return static_cast<double>(end) / 1000 - 30'000 + static_cast<double>(success * 5);
  });
  // Comes and goes: a quarter of an hour with samples, then a marker that it is gone, then nothing.
  Add(instance, "demo_intermittent_metric", {}, [=](int64_t k) -> std::optional<double> {
    const int64_t phase = (k + 30 * instance) % 300;
    if (phase < 180) return static_cast<double>(phase);
    if (phase == 180) return StaleNaN();
    return std::nullopt;
  });
  for (const char* method : {"GET", "POST"}) {
    for (const char* path : {"/api/bar", "/api/foo"}) AddHistogram(instance, method, path);
  }
}

void DemoData::AddHistogram(int instance, const std::string& method, const std::string& path) {
  const std::string name = "demo_api_request_duration_seconds";
  const auto labels = [&](std::string_view le) {
    std::vector<std::pair<std::string, std::string>> more = {
        {"method", method}, {"path", path}, {"status", "200"}};
    if (!le.empty()) more.emplace_back("le", le);
    return more;
  };
  // The rate grows with the instance, the latency with the length of path and method.
  const double rate = 10 + 5 * instance;
  const double latency = 0.02 * static_cast<double>(method.size() + path.size());
  const auto count = [=](double bound, int64_t k) {
    const double share = std::isinf(bound) ? 1 : 1 - std::exp(-bound / latency);
    return std::floor(static_cast<double>(k % 5000) * rate * share);
  };
  for (const char* le : {"0.0001", "0.001", "0.01", "0.1", "0.25", "0.5", "1", "2.5", "+Inf"}) {
    const double bound = std::strtod(le, nullptr);
    Add(instance, name + "_bucket", labels(le), [=](int64_t k) { return count(bound, k); });
  }
  Add(instance, name + "_count", labels(""), [=](int64_t k) { return count(HUGE_VAL, k); });
  Add(instance, name + "_sum", labels(""), [=](int64_t k) { return latency * count(HUGE_VAL, k); });
}

std::vector<std::string> DemoData::WriteRequests() const {
  constexpr int64_t kStepsPerRequest = 12;
  std::vector<std::string> bodies;
  const int64_t last = end_ / kIntervalMs;
  for (int64_t k = last - length_ / kIntervalMs; k < last; k += kStepsPerRequest) {
    std::vector<blackbox::TimeSeries> request;
    for (const Series& series : series_) {
      blackbox::TimeSeries& out = request.emplace_back();
      out.labels = series.labels;
      for (int64_t i = k; i < std::min(k + kStepsPerRequest, last); ++i) {
        const std::optional<double> v = series.value(i);
        if (v) out.samples.push_back({end_ - (last - 1 - i) * kIntervalMs - kBeforeMs, *v});
      }
      if (out.samples.empty()) request.pop_back();
    }
    bodies.push_back(blackbox::EncodeWriteRequest(request));
  }
  return bodies;
}

}  // namespace hearth::compliance
