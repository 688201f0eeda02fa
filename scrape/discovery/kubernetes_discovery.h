// scrape/discovery/kubernetes_discovery.h
//
// Targets from a Kubernetes API (kubernetes_sd_configs). The first refresh lists each resource that
// the role needs, page by page; later ones watch all of them at once for five seconds, which is how
// often the scraper takes targets over, and apply what has happened. After an error, or when the
// API has forgotten where a watch stood, that resource is listed again.
//
// Metrics: prometheus_sd_kubernetes_events_total, prometheus_sd_kubernetes_failures_total.
//
// Thread safety: as Discovery.
#ifndef HEARTH_SCRAPE_DISCOVERY_KUBERNETES_DISCOVERY_H_
#define HEARTH_SCRAPE_DISCOVERY_KUBERNETES_DISCOVERY_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/sd_kubernetes.h"
#include "metrics/registry.h"
#include "scrape/discovery/api_client.h"
#include "scrape/discovery/discovery.h"
#include "scrape/discovery/kubernetes_targets.h"

namespace hearth {

// One resource in one namespace (or in all): where it is asked for and where its watch stands.
struct KubeFeed {
  std::string role;  // "pod"; of the events' metric.
  KubeObjects KubeCluster::*objects = nullptr;
  std::string path;     // "/api/v1/namespaces/x/pods"
  std::string query;    // Selectors, "&labelSelector=…"; or "".
  std::string version;  // resourceVersion; "" = to be listed.
  KubeObjects found;
};

// Applies the lines of a watch's answer. kAborted: the feed must be listed again. Events that came
// before an error stay applied.
absl::Status ApplyKubeEvents(std::string_view body, KubeFeed* feed,
                             std::vector<std::string>* events);

struct KubeRole;

class KubernetesDiscovery : public Discovery {
 public:
  // kInvalidArgument: an unknown role, a kubeconfig_file that cannot be used, no cluster around.
  static absl::StatusOr<std::unique_ptr<Discovery>> Create(const KubernetesSdConfig& config,
                                                           http::IoThread* io,
                                                           metrics::Registry* registry);

  std::string_view mechanism() const override { return "kubernetes"; }
  TimeMs interval_ms() const override { return 0; }  // A watch waits by itself.
  absl::StatusOr<std::vector<Labels>> Refresh() override;
  void Cancel() override { client_->Cancel(); }

 private:
  KubernetesDiscovery(const KubeRole* role, bool attaches_jobs, std::vector<KubeFeed> feeds,
                      std::unique_ptr<ApiClient> client, metrics::Registry* registry);
  absl::Status List(KubeFeed* feed);
  // Watches all feeds until the API ends it. Those that must be listed again have no version after
  // it. *changed turns true when something has happened.
  absl::Status Watch(bool* changed);
  // Watches what was listed, lists what was not.
  absl::Status Follow(bool* changed);
  void Count(const KubeFeed& feed, const std::string& event, uint64_t by);

  const KubeRole* const role_;
  const bool attaches_jobs_;
  const std::unique_ptr<ApiClient> client_;
  metrics::Registry* const registry_;
  metrics::Counter* const failures_;
  std::vector<KubeFeed> feeds_;
  bool changed_ = false;         // The feeds have, since targets_ was made.
  std::vector<Labels> targets_;  // Of the last refresh that succeeded.
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_DISCOVERY_KUBERNETES_DISCOVERY_H_
