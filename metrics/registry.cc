#include "metrics/registry.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace hearth::metrics {
namespace {

const char* KindName(MetricKind kind) {
  switch (kind) {
    case MetricKind::kCounter:
      return "counter";
    case MetricKind::kGauge:
      return "gauge";
    case MetricKind::kHistogram:
      return "histogram";
    case MetricKind::kSummary:
      return "summary";
  }
  return "untyped";
}

void AppendEscaped(std::string_view s, bool quotes, std::string* out) {
  for (const char c : s) {
    if (c == '\\') {
      out->append("\\\\");
    } else if (c == '\n') {
      out->append("\\n");
    } else if (c == '"' && quotes) {
      out->append("\\\"");
    } else {
      out->push_back(c);
    }
  }
}

// `a="x",b="y"`: the key of a metric in its family and its text in one.
std::string LabelText(const LabelPairs& labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    if (!text.empty()) text.push_back(',');
    text.append(name).append("=\"");
    AppendEscaped(value, /*quotes=*/true, &text);
    text.push_back('"');
  }
  return text;
}

// One line: name suffix {labels, extra} value.
void AppendLine(std::string_view name, std::string_view suffix, std::string_view labels,
                std::string_view extra, double value, std::string* out) {
  out->append(name).append(suffix);
  if (!labels.empty() || !extra.empty()) {
    out->push_back('{');
    out->append(labels);
    if (!labels.empty() && !extra.empty()) out->push_back(',');
    out->append(extra).push_back('}');
  }
  out->push_back(' ');
  AppendValue(value, out);
  out->push_back('\n');
}

std::string BoundLabel(std::string_view name, double bound) {
  std::string text(name);
  text.append("=\"");
  AppendValue(bound, &text);
  text.push_back('"');
  return text;
}

void RenderHistogram(std::string_view name, std::string_view labels, const Histogram& histogram,
                     std::string* out) {
  uint64_t cumulative = 0;
  for (size_t i = 0; i <= histogram.bounds().size(); ++i) {
    cumulative += histogram.bucket(i);
    const double bound = i < histogram.bounds().size() ? histogram.bounds()[i]
                                                       : std::numeric_limits<double>::infinity();
    AppendLine(name, "_bucket", labels, BoundLabel("le", bound), static_cast<double>(cumulative),
               out);
  }
  AppendLine(name, "_sum", labels, "", histogram.sum(), out);
  AppendLine(name, "_count", labels, "", static_cast<double>(cumulative), out);
}

void RenderSummary(std::string_view name, std::string_view labels, const Summary& summary,
                   std::string* out) {
  const Summary::Snapshot snapshot = summary.Read();
  for (const auto& [quantile, value] : snapshot.quantiles) {
    AppendLine(name, "", labels, BoundLabel("quantile", quantile), value, out);
  }
  AppendLine(name, "_sum", labels, "", snapshot.sum, out);
  AppendLine(name, "_count", labels, "", static_cast<double>(snapshot.count), out);
}

}  // namespace

void AppendValue(double value, std::string* out) {
  if (std::isnan(value)) {
    out->append("NaN");
  } else if (std::isinf(value)) {
    out->append(value > 0 ? "+Inf" : "-Inf");
  } else {
    char buffer[32];
    const auto result = std::to_chars(buffer, buffer + sizeof(buffer), value);
    out->append(buffer, result.ptr);
  }
}

Histogram::Histogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)), buckets_(new std::atomic<uint64_t>[bounds_.size() + 1]()) {}

void Histogram::Observe(double value) {
  const auto it = std::lower_bound(bounds_.begin(), bounds_.end(), value);
  buckets_[static_cast<size_t>(it - bounds_.begin())].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

uint64_t Histogram::count() const {
  uint64_t n = 0;
  for (size_t i = 0; i <= bounds_.size(); ++i) n += bucket(i);
  return n;
}

void Summary::Observe(double value) {
  MutexLock lock(&mu_);
  if (window_.size() < kWindow) {
    window_.push_back(value);
  } else {
    window_[count_ % kWindow] = value;
  }
  sum_ += value;
  ++count_;
}

Summary::Snapshot Summary::Read() const {
  Snapshot snapshot;
  std::vector<double> sorted;
  {
    MutexLock lock(&mu_);
    sorted = window_;
    snapshot.sum = sum_;
    snapshot.count = count_;
  }
  std::sort(sorted.begin(), sorted.end());
  for (const double quantile : {0.01, 0.05, 0.5, 0.9, 0.99}) {
    const size_t rank =
        static_cast<size_t>(std::ceil(quantile * static_cast<double>(sorted.size())));
    snapshot.quantiles.emplace_back(
        quantile, sorted.empty() ? std::nan("") : sorted[rank > 0 ? rank - 1 : 0]);
  }
  return snapshot;
}

struct Registry::Family {
  MetricKind kind;
  std::string help;
  // By label text, so that lines come sorted. One of the four is filled, or `read`.
  std::map<std::string, std::unique_ptr<Counter>> counters;
  std::map<std::string, std::unique_ptr<Gauge>> gauges;
  std::map<std::string, std::unique_ptr<Histogram>> histograms;
  std::map<std::string, std::unique_ptr<Summary>> summaries;
  std::function<void(const Emit&)> read;

  bool empty() const {
    return counters.empty() && gauges.empty() && histograms.empty() && summaries.empty() && !read;
  }
};

Registry::Registry() = default;
Registry::~Registry() = default;

Registry::Family* Registry::FamilyOf(std::string_view name, std::string_view help,
                                     MetricKind kind) {
  auto it = families_.find(name);
  if (it == families_.end()) {
    auto family = std::make_unique<Family>();
    family->kind = kind;
    family->help.assign(help);
    it = families_.emplace(std::string(name), std::move(family)).first;
  }
  if (it->second->kind != kind) {
    std::fprintf(stderr, "metric %s is registered as %s and as %s\n", it->first.c_str(),
                 KindName(it->second->kind), KindName(kind));
    std::abort();
  }
  return it->second.get();
}

Counter* Registry::AddCounter(std::string_view name, std::string_view help, LabelPairs labels) {
  MutexLock lock(&mu_);
  auto& slot = FamilyOf(name, help, MetricKind::kCounter)->counters[LabelText(labels)];
  if (slot == nullptr) slot = std::make_unique<Counter>();
  return slot.get();
}

Gauge* Registry::AddGauge(std::string_view name, std::string_view help, LabelPairs labels) {
  MutexLock lock(&mu_);
  auto& slot = FamilyOf(name, help, MetricKind::kGauge)->gauges[LabelText(labels)];
  if (slot == nullptr) slot = std::make_unique<Gauge>();
  return slot.get();
}

Histogram* Registry::AddHistogram(std::string_view name, std::string_view help,
                                  std::vector<double> bounds, LabelPairs labels) {
  MutexLock lock(&mu_);
  auto& slot = FamilyOf(name, help, MetricKind::kHistogram)->histograms[LabelText(labels)];
  if (slot == nullptr) slot = std::make_unique<Histogram>(std::move(bounds));
  return slot.get();
}

Summary* Registry::AddSummary(std::string_view name, std::string_view help, LabelPairs labels) {
  MutexLock lock(&mu_);
  auto& slot = FamilyOf(name, help, MetricKind::kSummary)->summaries[LabelText(labels)];
  if (slot == nullptr) slot = std::make_unique<Summary>();
  return slot.get();
}

void Registry::AddCallback(std::string_view name, std::string_view help, MetricKind kind,
                           std::function<void(const Emit&)> read) {
  MutexLock lock(&mu_);
  FamilyOf(name, help, kind)->read = std::move(read);
}

void Registry::AddCallback(std::string_view name, std::string_view help, MetricKind kind,
                           std::function<double()> read) {
  AddCallback(name, help, kind, [read = std::move(read)](const Emit& emit) { emit({}, read()); });
}

void Registry::RemoveCallback(std::string_view name) {
  MutexLock lock(&mu_);
  const auto it = families_.find(name);
  if (it == families_.end()) return;
  it->second->read = nullptr;
  if (it->second->empty()) families_.erase(it);
}

void Registry::Remove(std::string_view name, const LabelPairs& labels) {
  MutexLock lock(&mu_);
  const auto it = families_.find(name);
  if (it == families_.end()) return;
  const std::string key = LabelText(labels);
  it->second->counters.erase(key);
  it->second->gauges.erase(key);
  it->second->histograms.erase(key);
  it->second->summaries.erase(key);
  if (it->second->empty()) families_.erase(it);
}

void Registry::Render(std::string* out) const {
  MutexLock lock(&mu_);
  for (const auto& [name, family] : families_) {
    out->append("# HELP ").append(name).push_back(' ');
    AppendEscaped(family->help, /*quotes=*/false, out);
    out->append("\n# TYPE ").append(name).push_back(' ');
    out->append(KindName(family->kind)).push_back('\n');
    for (const auto& [labels, counter] : family->counters) {
      AppendLine(name, "", labels, "", static_cast<double>(counter->value()), out);
    }
    for (const auto& [labels, gauge] : family->gauges) {
      AppendLine(name, "", labels, "", gauge->value(), out);
    }
    for (const auto& [labels, histogram] : family->histograms) {
      RenderHistogram(name, labels, *histogram, out);
    }
    for (const auto& [labels, summary] : family->summaries) {
      RenderSummary(name, labels, *summary, out);
    }
    if (family->read) {
      family->read([&metric = name, out](const LabelPairs& labels, double value) {
        AppendLine(metric, "", LabelText(labels), "", value, out);
      });
    }
  }
}

}  // namespace hearth::metrics
