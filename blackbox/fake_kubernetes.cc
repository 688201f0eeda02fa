#include "blackbox/fake_kubernetes.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace hearth::blackbox {
namespace {

constexpr int kPageObjects = 1;  // Fewer than are asked for, as an API may.

// False when the other side has gone.
bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

std::string Answer(int status, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) +
         " Status\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

bool WriteChunk(int fd, const std::string& text) {
  char size[32];
  std::snprintf(size, sizeof(size), "%zx\r\n", text.size());
  return WriteAll(fd, size + text + "\r\n");
}

std::string Decoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      decoded.push_back(
          static_cast<char>(std::strtol(std::string(text.substr(i + 1, 2)).c_str(), nullptr, 16)));
      i += 2;
    } else {
      decoded.push_back(text[i]);
    }
  }
  return decoded;
}

std::string Key(const nlohmann::json& object) {
  return object["metadata"].value("namespace", "") + "/" +
         object["metadata"]["name"].get<std::string>();
}

}  // namespace

FakeKubernetes::FakeKubernetes(std::string token) : token_(std::move(token)) {
  listen_fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  bind(listen_fd_, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(listen_fd_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  listen(listen_fd_, 16);
  thread_ = std::thread([this] { Run(); });
}

FakeKubernetes::~FakeKubernetes() {
  {
    MutexLock lock(&mu_);
    stopping_ = true;
    changed_.SignalAll();
  }
  shutdown(listen_fd_, SHUT_RDWR);  // Wakes accept.
  thread_.join();
  close(listen_fd_);
  for (std::thread& connection : connections_) connection.join();
}

std::string FakeKubernetes::Url() const { return "http://127.0.0.1:" + std::to_string(port_); }

void FakeKubernetes::Store(const std::string& resource, nlohmann::json object,
                           const std::string& type) {
  object["metadata"]["resourceVersion"] = std::to_string(++version_);
  if (type == "DELETED") {
    resources_[resource].erase(Key(object));
  } else {
    resources_[resource][Key(object)] = object;
  }
  events_[resource].push_back({version_, type, std::move(object)});
  changed_.SignalAll();
}

void FakeKubernetes::Put(const std::string& resource, nlohmann::json object) {
  MutexLock lock(&mu_);
  const bool known = resources_[resource].count(Key(object)) > 0;
  Store(resource, std::move(object), known ? "MODIFIED" : "ADDED");
}

void FakeKubernetes::Remove(const std::string& resource, const std::string& namespace_name,
                            const std::string& name) {
  MutexLock lock(&mu_);
  const nlohmann::json object = resources_[resource][namespace_name + "/" + name];
  Store(resource, object, "DELETED");
}

void FakeKubernetes::PutAndForget(const std::string& resource, nlohmann::json object) {
  MutexLock lock(&mu_);
  Store(resource, std::move(object), "ADDED");
  events_.clear();
  forgotten_ = version_;
}

FakeKubernetes::Counts FakeKubernetes::counts() const {
  MutexLock lock(&mu_);
  return counts_;
}

FakeKubernetes::Request FakeKubernetes::ParseTarget(std::string_view target) {
  Request request;
  const size_t question = std::min(target.find('?'), target.size());
  request.resource = target.substr(0, question);
  constexpr std::string_view kNamespaces = "/namespaces/";
  if (const size_t at = request.resource.find(kNamespaces); at != std::string::npos) {
    const size_t start = at + kNamespaces.size(), end = request.resource.find('/', start);
    request.namespace_name = request.resource.substr(start, end - start);
    request.resource.erase(at, end - at);
  }
  target.remove_prefix(std::min(question + 1, target.size()));
  while (!target.empty()) {
    const std::string_view pair = target.substr(0, target.find('&'));
    target.remove_prefix(std::min(pair.size() + 1, target.size()));
    const size_t equals = std::min(pair.find('='), pair.size());
    request.query[Decoded(pair.substr(0, equals))] =
        Decoded(pair.substr(std::min(equals + 1, pair.size())));
  }
  return request;
}

bool FakeKubernetes::Matches(const Request& request, const nlohmann::json& object) {
  const nlohmann::json& metadata = object["metadata"];
  if (!request.namespace_name.empty() && metadata.value("namespace", "") != request.namespace_name)
    return false;
  const auto selector = request.query.find("labelSelector");
  if (selector == request.query.end()) return true;
  const size_t equals = selector->second.find('=');
  const nlohmann::json labels = metadata.value("labels", nlohmann::json::object());
  return labels.value(selector->second.substr(0, equals), "") ==
         selector->second.substr(equals + 1);
}

void FakeKubernetes::Run() {
  while (true) {
    const int fd = accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    connections_.emplace_back([this, fd] {
      Serve(fd);
      close(fd);
    });
  }
}

void FakeKubernetes::Serve(int fd) {
  std::string head;
  char buffer[4096];
  while (head.find("\r\n\r\n") == std::string::npos) {
    const ssize_t n = recv(fd, buffer, sizeof(buffer), 0);
    if (n <= 0) return;
    head.append(buffer, static_cast<size_t>(n));
  }
  const size_t start = head.find(' ') + 1;
  const Request request =
      ParseTarget(std::string_view(head).substr(start, head.find(' ', start) - start));
  if (head.find("\r\nAuthorization: Bearer " + token_ + "\r\n") == std::string::npos) {
    WriteAll(fd, Answer(401, R"({"kind": "Status", "code": 401})"));
  } else if (request.query.count("watch") > 0) {
    Watch(request, fd);
  } else {
    WriteAll(fd, Answer(200, List(request)));
  }
}

std::string FakeKubernetes::List(const Request& request) {
  MutexLock lock(&mu_);
  ++counts_.pages;
  nlohmann::json items = nlohmann::json::array();
  const auto after = request.query.find("continue");
  std::string next, last;
  for (const auto& [key, object] : resources_[request.resource]) {
    if (!Matches(request, object)) continue;
    if (after != request.query.end() && key <= after->second) continue;
    if (items.size() == kPageObjects) {
      next = last;
      break;
    }
    items.push_back(object);
    last = key;
  }
  return nlohmann::json{
      {"metadata", {{"resourceVersion", std::to_string(version_)}, {"continue", next}}},
      {"items", items}}
      .dump();
}

void FakeKubernetes::Watch(const Request& request, int fd) {
  const auto end = std::chrono::steady_clock::now() +
                   std::chrono::seconds(std::atoi(request.query.at("timeoutSeconds").c_str()));
  int64_t seen = std::atoll(request.query.at("resourceVersion").c_str());
  mu_.Lock();
  ++counts_.watches;
  const bool gone = seen < forgotten_;
  if (gone) ++counts_.gone;
  mu_.Unlock();
  if (gone) {
    WriteAll(fd, Answer(410, R"({"kind": "Status", "code": 410, "reason": "Expired"})"));
    return;
  }
  if (!WriteAll(fd,
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"))
    return;
  bool over = false;
  while (!over) {
    std::vector<std::string> lines;
    {
      MutexLock lock(&mu_);
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          end - std::chrono::steady_clock::now());
      if (left.count() > 0 && !stopping_ && seen >= version_) changed_.WaitFor(&mu_, left);
      over = stopping_ || forgotten_ > seen || std::chrono::steady_clock::now() >= end;
      for (const Event& event : events_[request.resource]) {
        if (event.version <= seen || !Matches(request, event.object)) continue;
        lines.push_back(nlohmann::json{{"type", event.type}, {"object", event.object}}.dump() +
                        "\n");
      }
      // What was forgotten must not be taken for seen.
      if (forgotten_ <= seen) seen = version_;
    }
    for (const std::string& line : lines) {
      // In two chunks: an event need not come in one.
      const size_t half = line.size() / 2;
      if (!WriteChunk(fd, line.substr(0, half)) || !WriteChunk(fd, line.substr(half))) return;
    }
  }
  WriteAll(fd, "0\r\n\r\n");
}

}  // namespace hearth::blackbox
