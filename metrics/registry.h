// metrics/registry.h
//
// The server's metrics about itself, and their text form for /metrics. A metric is registered once,
// at start or when its owner is made; the owner keeps the pointer, so counting costs one relaxed
// atomic operation and no lookup.
//
//   metrics::Counter* const written = registry->AddCounter("prometheus_x_total", "Samples
//   written.", {{"kind", "float"}}); written->Increment(n);
//
// Thread safety: all methods may be called from any thread. Ownership: the registry owns its
// metrics, which live as long as it does.
#ifndef HEARTH_METRICS_REGISTRY_H_
#define HEARTH_METRICS_REGISTRY_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/mutex.h"

namespace hearth::metrics {

// Label names and values in the order in which they print.
using LabelPairs = std::vector<std::pair<std::string, std::string>>;

// A number that only grows.
class Counter {
 public:
  void Increment(uint64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// A number that goes up and down.
class Gauge {
 public:
  void Set(double value) { value_.store(value, std::memory_order_relaxed); }
  void Add(double by) { value_.fetch_add(by, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

// Counts observations in buckets with inclusive upper bounds. Reading is not atomic as a whole: an
// observation that arrives meanwhile may show in the buckets and not yet in the sum.
class Histogram {
 public:
  // `bounds` ascend; +Inf is implied.
  explicit Histogram(std::vector<double> bounds);
  void Observe(double value);
  const std::vector<double>& bounds() const { return bounds_; }
  // Observations in bucket i alone, i in [0, bounds().size()]; the last one is above all bounds.
  uint64_t bucket(size_t i) const { return buckets_[i].load(std::memory_order_relaxed); }
  double sum() const { return sum_.load(std::memory_order_relaxed); }
  uint64_t count() const;

 private:
  const std::vector<double> bounds_;
  const std::unique_ptr<std::atomic<uint64_t>[]> buckets_;
  std::atomic<double> sum_{0};
};

// Sum and count of observations, and quantiles 0.01, 0.05, 0.5, 0.9 and 0.99 of the latest ones (at
// most kWindow of them). Takes a lock for each observation: meant for events that come at most some
// thousand times a second.
class Summary {
 public:
  static constexpr size_t kWindow = 512;
  void Observe(double value);
  struct Snapshot {
    std::vector<std::pair<double, double>>
        quantiles;  // (quantile, value); NaN values before the first observation.
    double sum = 0;
    uint64_t count = 0;
  };
  Snapshot Read() const;

 private:
  mutable Mutex mu_;
  std::vector<double> window_ GUARDED_BY(mu_);  // A ring once it is full.
  double sum_ GUARDED_BY(mu_) = 0;
  uint64_t count_ GUARDED_BY(mu_) = 0;
};

enum class MetricKind : uint8_t { kCounter, kGauge, kHistogram, kSummary };

// Hands one value of a callback metric to the renderer.
using Emit = std::function<void(const LabelPairs& labels, double value)>;

class Registry {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // Each returns the metric of this name and these labels, made when it is new. One name has one
  // kind, one help text (the first that came) and, for a histogram, one set of bounds; another kind
  // for a known name is a programming error and aborts.
  Counter* AddCounter(std::string_view name, std::string_view help, LabelPairs labels = {});
  Gauge* AddGauge(std::string_view name, std::string_view help, LabelPairs labels = {});
  Histogram* AddHistogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                          LabelPairs labels = {});
  Summary* AddSummary(std::string_view name, std::string_view help, LabelPairs labels = {});

  // A counter or gauge whose values are asked for at each rendering. `read` runs with the registry
  // locked: it must not register and must not block. What it refers to must outlive the registry or
  // be removed by RemoveCallback(name).
  void AddCallback(std::string_view name, std::string_view help, MetricKind kind,
                   std::function<void(const Emit&)> read);
  // The same for a single value without labels.
  void AddCallback(std::string_view name, std::string_view help, MetricKind kind,
                   std::function<double()> read);
  // Waits for a rendering in progress. No-op when there is none of this name.
  void RemoveCallback(std::string_view name);

  // Forgets one labelled metric (a scrape pool has gone). Its pointer is dangling afterwards.
  void Remove(std::string_view name, const LabelPairs& labels);

  // Appends everything in the text format 0.0.4, sorted by name, then by labels.
  void Render(std::string* out) const;

 private:
  struct Family;
  Family* FamilyOf(std::string_view name, std::string_view help, MetricKind kind)
      EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable Mutex mu_;
  std::map<std::string, std::unique_ptr<Family>, std::less<>> families_ GUARDED_BY(mu_);
};

// Appends a value as the text format spells it: shortest round trip, NaN, +Inf, -Inf.
void AppendValue(double value, std::string* out);

}  // namespace hearth::metrics

#endif  // HEARTH_METRICS_REGISTRY_H_
