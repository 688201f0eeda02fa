// blackbox/alertmanager.h
//
// Debian's Alertmanager as a process of a test, and a webhook that it notifies.
//
// Thread safety: Webhook from any thread; the functions as ServerProcess.
#ifndef HEARTH_BLACKBOX_ALERTMANAGER_H_
#define HEARTH_BLACKBOX_ALERTMANAGER_H_

#include <memory>
#include <string>
#include <vector>

#include "blackbox/server_process.h"
#include "blackbox/temp_dir.h"
#include "http/server.h"
#include "model/mutex.h"
#include "nlohmann/json.hpp"

namespace hearth::blackbox {

// The receiver of notifications.
class Webhook {
 public:
  Webhook();

  int port() const { return server_->port(); }
  // Every alert of every notification, in order: {status, labels, annotations, startsAt, endsAt,
  // generatorURL, …} as Alertmanager sends them.
  std::vector<nlohmann::json> Alerts() const LOCKS_EXCLUDED(mu_);
  // Waits until a notification has `alertname` with `status` ("firing", "resolved"), which it
  // returns; null after the deadline.
  nlohmann::json WaitFor(const std::string& alertname, const std::string& status,
                         milliseconds deadline = seconds(60)) const LOCKS_EXCLUDED(mu_);

 private:
  http::Response Handle(const http::Request& request) LOCKS_EXCLUDED(mu_);

  mutable Mutex mu_;
  std::vector<nlohmann::json> alerts_ GUARDED_BY(mu_);
  std::unique_ptr<http::Server> server_;  // Last: its threads use the above.
};

// Whether it is installed; says so on standard error where not.
bool HaveAlertmanager();

// Starts one on `port`, with its data (and what it has notified of) below `directory`. It notifies
// `webhook` at once and of each alert by itself.
std::unique_ptr<ServerProcess> StartAlertmanager(const TempDir& directory, uint16_t port,
                                                 const Webhook& webhook,
                                                 const std::vector<std::string>& flags = {});

}  // namespace hearth::blackbox

#endif  // HEARTH_BLACKBOX_ALERTMANAGER_H_
