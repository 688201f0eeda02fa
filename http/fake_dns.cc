#include "http/fake_dns.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace hearth::http {
namespace {

constexpr size_t kHeaderBytes = 12;

void Put16(uint16_t value, std::string* out) {
  out->push_back(static_cast<char>(value >> 8));
  out->push_back(static_cast<char>(value & 0xff));
}

uint16_t Get16(std::string_view bytes, size_t at) {
  return static_cast<uint16_t>(static_cast<unsigned char>(bytes[at]) << 8 |
                               static_cast<unsigned char>(bytes[at + 1]));
}

// "a.b" as length-prefixed parts.
std::string WireName(std::string_view name) {
  std::string wire;
  while (!name.empty()) {
    const std::string_view part = name.substr(0, name.find('.'));
    wire.push_back(static_cast<char>(part.size()));
    wire.append(part);
    name.remove_prefix(std::min(part.size() + 1, name.size()));
  }
  wire.push_back('\0');
  return wire;
}

}  // namespace

FakeDns::FakeDns() {
  fd_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  bind(fd_, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

FakeDns::~FakeDns() {
  {
    MutexLock lock(&mu_);
    stopping_ = true;
  }
  sockaddr_in self{};
  self.sin_family = AF_INET;
  self.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  self.sin_port = htons(static_cast<uint16_t>(port_));
  sendto(fd_, "", 0, 0, reinterpret_cast<sockaddr*>(&self), sizeof(self));  // Wakes recvfrom.
  thread_.join();
  close(fd_);
}

void FakeDns::SetAddresses(const std::string& name, Type type,
                           const std::vector<std::string>& addresses) {
  Zone zone;
  for (const std::string& text : addresses) {
    char bytes[16];
    const bool v6 = type == Type::kAaaa;
    inet_pton(v6 ? AF_INET6 : AF_INET, text.c_str(), bytes);
    zone.records.emplace_back(bytes, v6 ? 16 : 4);
  }
  Set(name, type, std::move(zone));
}

void FakeDns::SetHosts(const std::string& name, Type type,
                       const std::vector<std::pair<std::string, uint16_t>>& hosts) {
  Zone zone;
  for (const auto& [host, port] : hosts) {
    std::string data;
    if (type == Type::kSrv) {
      Put16(0, &data);  // Priority and weight.
      Put16(0, &data);
      Put16(port, &data);
    } else if (type == Type::kMx) {
      Put16(10, &data);  // Preference.
    }
    zone.records.push_back(data + WireName(host));
  }
  Set(name, type, std::move(zone));
}

void FakeDns::Set(const std::string& name, Type type, Zone zone) {
  MutexLock lock(&mu_);
  failing_.erase(name);
  zones_.insert_or_assign({name, static_cast<uint16_t>(type)}, std::move(zone));
}

void FakeDns::Fail(const std::string& name, Code code) {
  MutexLock lock(&mu_);
  failing_[name] = code;
}

void FakeDns::Hold() {
  MutexLock lock(&mu_);
  hold_ = true;
}

int FakeDns::questions() const {
  MutexLock lock(&mu_);
  return questions_;
}

std::string FakeDns::Address() const { return "127.0.0.1:" + std::to_string(port_); }

void FakeDns::Run() {
  char buffer[512];
  while (true) {
    sockaddr_in from{};
    socklen_t size = sizeof(from);
    const ssize_t n =
        recvfrom(fd_, buffer, sizeof(buffer), 0, reinterpret_cast<sockaddr*>(&from), &size);
    {
      MutexLock lock(&mu_);
      if (stopping_) return;
    }
    if (n < static_cast<ssize_t>(kHeaderBytes)) continue;
    const std::string answer = AnswerTo(std::string_view(buffer, static_cast<size_t>(n)));
    if (answer.empty()) continue;
    sendto(fd_, answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
  }
}

std::string FakeDns::AnswerTo(std::string_view question) {
  std::string name;
  size_t at = kHeaderBytes;
  while (at < question.size() && question[at] != 0) {
    const auto length = static_cast<size_t>(question[at]);
    if (!name.empty()) name += '.';
    name += question.substr(at + 1, length);
    at += length + 1;
  }
  if (at + 5 > question.size()) return "";
  const uint16_t type = Get16(question, at + 1);
  const size_t end = at + 5;

  MutexLock lock(&mu_);
  ++questions_;
  if (hold_) return "";
  Zone zone{kNoSuchName, {}};
  for (const auto& [key, known] : zones_) {
    if (key.first == name && zone.code == kNoSuchName) zone.code = kNoError;
    if (key.first == name && key.second == type) zone = known;
  }
  if (const auto failing = failing_.find(name); failing != failing_.end())
    zone = {failing->second, {}};
  std::string answer(question.substr(0, 2));
  answer += '\x81';                               // An answer, recursion desired …
  answer += static_cast<char>(0x80 | zone.code);  // … and available.
  Put16(1, &answer);
  Put16(static_cast<uint16_t>(zone.records.size()), &answer);
  Put16(0, &answer);
  Put16(0, &answer);
  answer += question.substr(kHeaderBytes, end - kHeaderBytes);
  for (const std::string& data : zone.records) {
    Put16(0xc000 | kHeaderBytes, &answer);  // The question's name.
    Put16(type, &answer);
    Put16(1, &answer);  // Internet.
    Put16(0, &answer);  // Lives 60 seconds.
    Put16(60, &answer);
    Put16(static_cast<uint16_t>(data.size()), &answer);
    answer += data;
  }
  return answer;
}

}  // namespace hearth::http
