#include "rules/alertmanager_set.h"

#include <set>
#include <utility>

#include "model/status.h"
#include "model/text.h"
#include "rules/alertmanager_target.h"
#include "scrape/http_settings.h"

namespace hearth {

absl::StatusOr<std::shared_ptr<AlertmanagerSet>> AlertmanagerSet::Create(
    const AlertmanagerConfig& config, http::IoThread* io, std::shared_ptr<TargetSources> sources) {
  std::shared_ptr<AlertmanagerSet> set(new AlertmanagerSet());
  set->config_ = config;
  HEARTH_ASSIGN_OR_RETURN(set->target_rules_, CompileRelabelRules(config.relabel_configs));
  HEARTH_ASSIGN_OR_RETURN(set->alert_rules_, CompileRelabelRules(config.alert_relabel_configs));
  auto transport = std::make_shared<AlertTransport>();
  HEARTH_ASSIGN_OR_RETURN(transport->client, MakeHttpClient(io, config.http));
  transport->http = config.http;
  transport->timeout_ms = config.timeout.ms;
  set->transport_ = std::move(transport);
  set->sources_ = std::move(sources);
  return set;
}

AlertmanagerSet::Found AlertmanagerSet::Find(
    const std::function<void(const std::string&)>& warn) const {
  const std::vector<Labels> discovered = sources_->Targets();
  Found found;
  found.discovered = discovered.size();
  std::set<std::string> active, dropped;
  for (const Labels& labels : discovered) {
    auto target = MakeAlertmanagerTarget(config_, target_rules_, labels);
    if (!target.ok()) {
      warn(
          StrCat("Creating discovered Alertmanager failed: ", FromAbsl(target.status().message())));
      continue;
    }
    const bool fresh = (target->dropped ? dropped : active).insert(target->url).second;
    if (fresh) (target->dropped ? found.dropped : found.active).push_back(std::move(target->url));
  }
  return found;
}

std::vector<QueuedAlert> AlertmanagerSet::Relabelled(const std::vector<QueuedAlert>& alerts) const {
  if (alert_rules_.empty()) return alerts;
  std::vector<QueuedAlert> left;
  LabelsBuilder labels;
  for (const QueuedAlert& queued : alerts) {
    labels.Reset(queued.alert->labels);
    if (!Relabel(alert_rules_, &labels) || labels.empty()) continue;
    OutgoingAlert alert = *queued.alert;
    alert.labels = labels.Build();
    QueuedAlert copy;
    copy.labels = alert.labels.Fingerprint();
    copy.resolved = queued.resolved;
    copy.alert = std::make_shared<const OutgoingAlert>(std::move(alert));
    left.push_back(std::move(copy));
  }
  return left;
}

}  // namespace hearth
