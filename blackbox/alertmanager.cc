#include "blackbox/alertmanager.h"

#include <iostream>
#include <utility>

namespace hearth::blackbox {
namespace {

constexpr char kProgram[] = "prometheus-alertmanager";

}  // namespace

Webhook::Webhook() {
  http::ServerOptions options;
  options.listen_addresses = {"127.0.0.1:0"};
  auto server = http::Server::Start(std::move(options), [this](const http::Request&) {
    return http::Dispatch{
        .body_bytes_max = size_t{16} << 20,
        .handle = [this](const http::Request& request) { return Handle(request); }};
  });
  server_ = *std::move(server);
}

http::Response Webhook::Handle(const http::Request& request) {
  const auto json = nlohmann::json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("alerts")) return http::Response::Text(400, "no alerts");
  MutexLock lock(&mu_);
  for (const nlohmann::json& alert : json["alerts"]) alerts_.push_back(alert);
  return http::Response::Text(200, "");
}

std::vector<nlohmann::json> Webhook::Alerts() const {
  MutexLock lock(&mu_);
  return alerts_;
}

nlohmann::json Webhook::WaitFor(const std::string& alertname, const std::string& status,
                                milliseconds deadline) const {
  nlohmann::json found;
  blackbox::WaitFor(deadline, [&] {
    for (const nlohmann::json& alert : Alerts()) {
      if (alert["labels"]["alertname"] == alertname && alert["status"] == status) found = alert;
    }
    return !found.is_null();
  });
  return found;
}

bool HaveAlertmanager() {
  if (!FindProgram(kProgram).empty()) return true;
  std::cerr << kProgram << " is not installed: nothing is tested against it\n";
  return false;
}

std::unique_ptr<ServerProcess> StartAlertmanager(const TempDir& directory, uint16_t port,
                                                 const Webhook& webhook,
                                                 const std::vector<std::string>& flags) {
  const std::string config = directory.Write(
      "alertmanager.yml",
      "route: {receiver: hook, group_by: ['...'], group_wait: 0s, group_interval: 1s,"
      " repeat_interval: 1h}\n"
      "receivers: [{name: hook, webhook_configs: [{send_resolved: true, url: 'http://127.0.0.1:" +
          std::to_string(webhook.port()) + "/'}]}]\n");
  std::vector<std::string> argv = {kProgram,
                                   "--config.file=" + config,
                                   "--storage.path=" + directory.Path("alertmanager"),
                                   "--web.listen-address=127.0.0.1:" + std::to_string(port),
                                   "--cluster.listen-address=",
                                   "--log.level=debug"};
  argv.insert(argv.end(), flags.begin(), flags.end());
  return std::make_unique<ServerProcess>(std::move(argv), port, directory.Path("alertmanager.log"));
}

}  // namespace hearth::blackbox
