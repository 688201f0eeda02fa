// rules/alertmanager_set.h
//
// One entry of `alerting.alertmanagers`: where its Alertmanagers are found, how they are reached,
// and what they are sent. Who sends is the Notifier's AlertSender, one for each Alertmanager.
//
// Thread safety: constant after Create, but for what `sources` says of itself.
#ifndef HEARTH_RULES_ALERTMANAGER_SET_H_
#define HEARTH_RULES_ALERTMANAGER_SET_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "config/config.h"
#include "config/relabel.h"
#include "http/io_thread.h"
#include "rules/alert_queue.h"
#include "rules/alert_sender.h"
#include "scrape/discovery/target_sources.h"

namespace hearth {

class AlertmanagerSet {
 public:
  // Reads TLS files and compiles rules. kInvalidArgument names what is wrong. Borrows `io`.
  static absl::StatusOr<std::shared_ptr<AlertmanagerSet>> Create(
      const AlertmanagerConfig& config, http::IoThread* io, std::shared_ptr<TargetSources> sources);

  const AlertmanagerConfig& config() const { return config_; }
  const std::shared_ptr<const AlertTransport>& transport() const { return transport_; }
  // One thread at a time.
  const std::shared_ptr<TargetSources>& sources() const { return sources_; }

  struct Found {
    std::vector<std::string> active;   // URLs, each once, in the order of discovery.
    std::vector<std::string> dropped;  // Likewise.
    size_t discovered = 0;
  };
  // The targets as of the last Refresh of sources(). One that is none is told to `warn` and left
  // out.
  Found Find(const std::function<void(const std::string&)>& warn) const;

  // The alerts as this entry's alert_relabel_configs leave them; what is dropped, or has no labels
  // any more, is left out.
  std::vector<QueuedAlert> Relabelled(const std::vector<QueuedAlert>& alerts) const;

 private:
  AlertmanagerSet() = default;

  AlertmanagerConfig config_;
  std::vector<RelabelRule> target_rules_, alert_rules_;
  std::shared_ptr<const AlertTransport> transport_;
  std::shared_ptr<TargetSources> sources_;
};

}  // namespace hearth

#endif  // HEARTH_RULES_ALERTMANAGER_SET_H_
