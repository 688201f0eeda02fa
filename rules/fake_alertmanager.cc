#include "rules/fake_alertmanager.h"

#include <chrono>
#include <utility>

#include "model/text.h"

namespace hearth {

FakeAlertmanager::FakeAlertmanager(int port, int status) : status_(status) {
  http::ServerOptions options;
  options.listen_addresses = {StrCat("127.0.0.1:", port)};
  auto server = http::Server::Start(std::move(options), [this](const http::Request&) {
    return http::Dispatch{
        .body_bytes_max = size_t{64} << 20,
        .handle = [this](const http::Request& request) { return Handle(request); }};
  });
  server_ = *std::move(server);  // A test without its port has nothing to say.
}

std::string FakeAlertmanager::HostPort() const { return StrCat("127.0.0.1:", port()); }

std::string FakeAlertmanager::Url() const {
  return StrCat("http://", HostPort(), "/api/v2/alerts");
}

void FakeAlertmanager::Answer(int status, std::string body) {
  MutexLock lock(&mu_);
  status_ = status;
  body_ = std::move(body);
}

std::vector<http::Request> FakeAlertmanager::Requests() const {
  MutexLock lock(&mu_);
  return requests_;
}

bool FakeAlertmanager::WaitForRequests(size_t count) const {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  MutexLock lock(&mu_);
  while (requests_.size() < count) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    came_.WaitFor(&mu_, std::chrono::milliseconds(100));
  }
  return true;
}

void FakeAlertmanager::Forget() {
  MutexLock lock(&mu_);
  requests_.clear();
}

http::Response FakeAlertmanager::Handle(const http::Request& request) {
  MutexLock lock(&mu_);
  requests_.push_back(request);
  came_.SignalAll();
  return http::Response::Text(status_, body_);
}

}  // namespace hearth
