// scrape/target.h
//
// One endpoint to scrape, made from discovered labels by target relabelling. Immutable.
#ifndef HEARTH_SCRAPE_TARGET_H_
#define HEARTH_SCRAPE_TARGET_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "config/config.h"
#include "config/relabel.h"
#include "model/clock.h"
#include "model/labels.h"

namespace hearth {

struct Target {
  Labels discovered_labels;  // Before relabelling, with what the configuration adds (job,
                             // __scheme__ …).
  Labels labels;             // What its series carry: no label that starts with `__`.
  std::string url;           // With parameters.
  TimeMs interval_ms = 0;    // > 0
  TimeMs timeout_ms = 0;     // In (0, interval_ms].
  // Stands for the labels after relabelling, `__`-labels but interval and timeout included, and the
  // URL: two targets with the same identity are one. Also spreads the scrapes over the interval.
  uint64_t identity = 0;
};

// What became of a discovered label set.
struct TargetOutcome {
  Labels discovered_labels;
  std::optional<Target> target;  // Empty: dropped by relabelling.
};

// The labels of a target on its way from discovery to Target.
struct TargetLabels {
  Labels discovered;                 // With what the configuration adds.
  std::optional<Labels> relabelled;  // With `__`-labels but `__meta_*`; empty: dropped.
  TimeMs interval_ms = 0;            // As of `relabelled`; both as in Target.
  TimeMs timeout_ms = 0;
};

// The first part of MakeTarget, with its errors.
absl::StatusOr<TargetLabels> MakeTargetLabels(const ScrapeConfig& config,
                                              const std::vector<RelabelRule>& rules,
                                              LabelsView discovered);

// Applies Prometheus' rules: labels that the configuration implies, `rules`, no default port,
// `instance` from `__address__`. kInvalidArgument: `no address`, `"http://x" is not a valid
// hostname`, a bad `__scrape_interval__`, an invalid label value.
absl::StatusOr<TargetOutcome> MakeTarget(const ScrapeConfig& config,
                                         const std::vector<RelabelRule>& rules,
                                         LabelsView discovered);

// A target's URL as others may reach it: a loopback host is replaced by `external_host`'s name
// (`host:port`; "" leaves it), the port is kept.
std::string GlobalUrl(const std::string& url, const std::string& external_host);

}  // namespace hearth

#endif  // HEARTH_SCRAPE_TARGET_H_
