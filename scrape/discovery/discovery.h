// scrape/discovery/discovery.h
//
// One way to find targets: an item of http_sd_configs, docker_sd_configs and so on. Each kind is a
// class of its own behind this interface; discovery_loop.h asks it again and again.
//
// Thread safety: Refresh on one thread at a time; Cancel from any.
#ifndef HEARTH_SCRAPE_DISCOVERY_DISCOVERY_H_
#define HEARTH_SCRAPE_DISCOVERY_DISCOVERY_H_

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "model/clock.h"
#include "model/labels.h"

namespace hearth {

class Discovery {
 public:
  virtual ~Discovery() = default;

  // The kind's name: "http"; the `mechanism` of its metrics.
  virtual std::string_view mechanism() const = 0;
  // From the end of one Refresh to the start of the next.
  virtual TimeMs interval_ms() const = 0;

  // Asks for all targets there are now: label sets with `__address__` and `__meta_*`. Blocks until
  // the answer is there, at most about interval_ms. After an error the targets of before stay.
  virtual absl::StatusOr<std::vector<Labels>> Refresh() = 0;

  // Ends a Refresh that runs, and all later ones, with kCancelled.
  virtual void Cancel() = 0;
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_DISCOVERY_DISCOVERY_H_
