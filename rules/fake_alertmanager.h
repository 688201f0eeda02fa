// rules/fake_alertmanager.h
//
// An Alertmanager of a test on 127.0.0.1: keeps what is posted to it, and answers as it is told.
//
// Thread safety: all methods may be called from any thread.
#ifndef HEARTH_RULES_FAKE_ALERTMANAGER_H_
#define HEARTH_RULES_FAKE_ALERTMANAGER_H_

#include <memory>
#include <string>
#include <vector>

#include "http/server.h"
#include "model/mutex.h"

namespace hearth {

class FakeAlertmanager {
 public:
  // On `port`, or any that is free. It answers `status` until it is told otherwise.
  explicit FakeAlertmanager(int port = 0, int status = 200);

  int port() const { return server_->port(); }
  std::string HostPort() const;
  std::string Url() const;  // That alerts are posted to.

  void Answer(int status, std::string body = "") LOCKS_EXCLUDED(mu_);
  // The requests that came, those that were answered with an error included.
  std::vector<http::Request> Requests() const LOCKS_EXCLUDED(mu_);
  // Waits until `count` requests have come; false after 30 s.
  bool WaitForRequests(size_t count) const LOCKS_EXCLUDED(mu_);
  void Forget() LOCKS_EXCLUDED(mu_);

 private:
  http::Response Handle(const http::Request& request) LOCKS_EXCLUDED(mu_);

  mutable Mutex mu_;
  mutable CondVar came_;
  std::vector<http::Request> requests_ GUARDED_BY(mu_);
  int status_ GUARDED_BY(mu_);
  std::string body_ GUARDED_BY(mu_);
  std::unique_ptr<http::Server> server_;  // Last: its threads use all of the above.
};

}  // namespace hearth

#endif  // HEARTH_RULES_FAKE_ALERTMANAGER_H_
