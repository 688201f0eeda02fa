// blackbox/fake_kubernetes.h
//
// The part of a Kubernetes API that discovery asks: lists by pages and watches in chunks, over TCP
// on loopback. Knows namespaces, resource versions and label selectors of one `name=value`.
//
// Thread safety: all methods may be called from any thread.
#ifndef HEARTH_BLACKBOX_FAKE_KUBERNETES_H_
#define HEARTH_BLACKBOX_FAKE_KUBERNETES_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "model/mutex.h"
#include "nlohmann/json.hpp"

namespace hearth::blackbox {

class FakeKubernetes {
 public:
  // Listens on a free port of 127.0.0.1. Requests without `Bearer <token>` are answered with 401.
  explicit FakeKubernetes(std::string token);
  ~FakeKubernetes();
  FakeKubernetes(const FakeKubernetes&) = delete;
  FakeKubernetes& operator=(const FakeKubernetes&) = delete;

  std::string Url() const;  // "http://127.0.0.1:port"

  // Adds an object to a resource ("/api/v1/pods") or replaces the one of its name and namespace;
  // those who watch are told.
  void Put(const std::string& resource, nlohmann::json object) LOCKS_EXCLUDED(mu_);
  // The same for an object that goes.
  void Remove(const std::string& resource, const std::string& namespace_name,
              const std::string& name) LOCKS_EXCLUDED(mu_);
  // Adds or replaces an object without telling those who watch, and ends their watches: they stand
  // at a version that is forgotten, and are answered with 410.
  void PutAndForget(const std::string& resource, nlohmann::json object) LOCKS_EXCLUDED(mu_);

  // Pages that were asked for, watches that were begun, watches that were answered with 410.
  struct Counts {
    int pages = 0, watches = 0, gone = 0;
  };
  Counts counts() const LOCKS_EXCLUDED(mu_);

 private:
  struct Request {
    std::string resource, namespace_name;
    std::map<std::string, std::string> query;
  };
  struct Event {
    int64_t version;
    std::string type;
    nlohmann::json object;
  };
  using Objects = std::map<std::string, nlohmann::json>;  // By "namespace/name".

  static Request ParseTarget(std::string_view target);
  static bool Matches(const Request& request, const nlohmann::json& object);
  void Run() LOCKS_EXCLUDED(mu_);
  void Serve(int fd) LOCKS_EXCLUDED(mu_);
  std::string List(const Request& request) LOCKS_EXCLUDED(mu_);
  void Watch(const Request& request, int fd) LOCKS_EXCLUDED(mu_);
  void Store(const std::string& resource, nlohmann::json object, const std::string& type)
      EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::string token_;
  int listen_fd_ = -1;
  int port_ = 0;
  mutable Mutex mu_;
  CondVar changed_;
  bool stopping_ GUARDED_BY(mu_) = false;
  int64_t version_ GUARDED_BY(mu_) = 100;
  int64_t forgotten_ GUARDED_BY(mu_) = 0;  // Events up to this version are not known any more.
  std::map<std::string, Objects> resources_ GUARDED_BY(mu_);
  std::map<std::string, std::vector<Event>> events_ GUARDED_BY(mu_);
  Counts counts_ GUARDED_BY(mu_);
  std::vector<std::thread> connections_;  // Of the accepting thread until that is joined.
  std::thread thread_;
};

}  // namespace hearth::blackbox

#endif  // HEARTH_BLACKBOX_FAKE_KUBERNETES_H_
