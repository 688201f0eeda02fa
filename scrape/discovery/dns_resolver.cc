#include "scrape/discovery/dns_resolver.h"

#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>

#include "model/status.h"
#include "model/text.h"

namespace hearth {
namespace {

// The same as Go's resolver, which Prometheus' users know.
constexpr int kTimeoutMs = 5'000;
constexpr int kTries = 2;
// A message has at most 64 KiB and a record at least 16 bytes.
constexpr int kRecordsMax = 4096;

struct AresLibrary {
  AresLibrary() { ares_library_init(ARES_LIB_INIT_ALL); }
};

absl::Status ParseError(int code) {
  return absl::InvalidArgumentError(StrCat("DNS answer: ", ares_strerror(code)));
}

std::string AddressText(int family, const void* address) {
  char text[INET6_ADDRSTRLEN];
  return inet_ntop(family, address, text, sizeof(text)) == nullptr ? "" : text;
}

using Records = std::vector<DnsRecord>;

absl::StatusOr<Records> ParseA(const unsigned char* message, int size) {
  std::vector<ares_addrttl> found(kRecordsMax);
  int count = kRecordsMax;
  const int code = ares_parse_a_reply(message, size, nullptr, found.data(), &count);
  if (code == ARES_ENODATA) return Records();
  if (code != ARES_SUCCESS) return ParseError(code);
  Records records;
  for (int i = 0; i < count; ++i) records.push_back({AddressText(AF_INET, &found[i].ipaddr), 0});
  return records;
}

absl::StatusOr<Records> ParseAaaa(const unsigned char* message, int size) {
  std::vector<ares_addr6ttl> found(kRecordsMax);
  int count = kRecordsMax;
  const int code = ares_parse_aaaa_reply(message, size, nullptr, found.data(), &count);
  if (code == ARES_ENODATA) return Records();
  if (code != ARES_SUCCESS) return ParseError(code);
  Records records;
  for (int i = 0; i < count; ++i) records.push_back({AddressText(AF_INET6, &found[i].ip6addr), 0});
  return records;
}

absl::StatusOr<Records> ParseSrv(const unsigned char* message, int size) {
  ares_srv_reply* first = nullptr;
  const int code = ares_parse_srv_reply(message, size, &first);
  if (code == ARES_ENODATA) return Records();
  if (code != ARES_SUCCESS) return ParseError(code);
  Records records;
  for (const ares_srv_reply* srv = first; srv != nullptr; srv = srv->next)
    records.push_back({srv->host, srv->port});
  ares_free_data(first);
  return records;
}

absl::StatusOr<Records> ParseMx(const unsigned char* message, int size) {
  ares_mx_reply* first = nullptr;
  const int code = ares_parse_mx_reply(message, size, &first);
  if (code == ARES_ENODATA) return Records();
  if (code != ARES_SUCCESS) return ParseError(code);
  Records records;
  for (const ares_mx_reply* mx = first; mx != nullptr; mx = mx->next)
    records.push_back({mx->host, 0});
  ares_free_data(first);
  return records;
}

absl::StatusOr<Records> ParseNs(const unsigned char* message, int size) {
  hostent* host = nullptr;
  const int code = ares_parse_ns_reply(message, size, &host);
  if (code == ARES_ENODATA) return Records();
  if (code != ARES_SUCCESS) return ParseError(code);
  Records records;
  for (char** name = host->h_aliases; *name != nullptr; ++name) records.push_back({*name, 0});
  ares_free_hostent(host);
  return records;
}

struct TypeRow {
  DnsType type;
  int ns_type;
  absl::StatusOr<Records> (*parse)(const unsigned char* message, int size);
};
constexpr TypeRow kTypes[] = {{DnsType::kA, ns_t_a, &ParseA},
                              {DnsType::kAaaa, ns_t_aaaa, &ParseAaaa},
                              {DnsType::kSrv, ns_t_srv, &ParseSrv},
                              {DnsType::kMx, ns_t_mx, &ParseMx},
                              {DnsType::kNs, ns_t_ns, &ParseNs}};

const TypeRow& RowOf(DnsType type) {
  return *std::find_if(std::begin(kTypes), std::end(kTypes),
                       [&](const TypeRow& row) { return row.type == type; });
}

// One question; c-ares calls Done exactly once.
struct Question {
  DnsType type;
  int* open;
  DnsResolver::Answer* answer;

  static void Done(void* self, int status, int, unsigned char* message, int size) {
    Question& question = *static_cast<Question*>(self);
    --*question.open;
    absl::StatusOr<Records>& records = question.answer->records;
    if (status == ARES_SUCCESS) {
      records = ParseDnsAnswer(question.type, std::string_view(reinterpret_cast<char*>(message),
                                                               static_cast<size_t>(size)));
    } else if (status == ARES_ENOTFOUND || status == ARES_ENODATA) {
      records = Records();
    } else if (status == ARES_ECANCELLED || status == ARES_EDESTRUCTION) {
      records = absl::CancelledError("DNS question cancelled");
    } else {
      records = absl::UnavailableError(
          StrCat("could not resolve \"", question.answer->name, "\": ", ares_strerror(status)));
    }
  }
};

// Waits for the channel's sockets, its next timeout, or `wake_fd`. False when woken by that.
bool WaitForSockets(ares_channel channel, int wake_fd) {
  ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
  const int wanted = ares_getsock(channel, sockets, ARES_GETSOCK_MAXNUM);
  std::vector<pollfd> fds = {{wake_fd, POLLIN, 0}};
  for (int i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
    short events = 0;  // NOLINT(google-runtime-int): poll's type.
    if (ARES_GETSOCK_READABLE(wanted, i)) events |= POLLIN;
    if (ARES_GETSOCK_WRITABLE(wanted, i)) events |= POLLOUT;
    if (events != 0) fds.push_back({sockets[i], events, 0});
  }
  timeval longest{1, 0}, buffer{};
  const timeval* const timeout = ares_timeout(channel, &longest, &buffer);
  const int ready = poll(fds.data(), fds.size(),
                         static_cast<int>(timeout->tv_sec * 1000 + timeout->tv_usec / 1000 + 1));
  if (ready > 0 && fds[0].revents != 0) return false;
  if (ready <= 0) {
    ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // Timeouts.
    return true;
  }
  for (size_t i = 1; i < fds.size(); ++i) {
    if (fds[i].revents == 0) continue;
    const bool writable = (fds[i].revents & POLLOUT) != 0;
    const bool readable = (fds[i].revents & ~POLLOUT) != 0;  // Errors are found by reading.
    ares_process_fd(channel, readable ? fds[i].fd : ARES_SOCKET_BAD,
                    writable ? fds[i].fd : ARES_SOCKET_BAD);
  }
  return true;
}

}  // namespace

absl::StatusOr<std::vector<DnsRecord>> ParseDnsAnswer(DnsType type, std::string_view message) {
  return RowOf(type).parse(reinterpret_cast<const unsigned char*>(message.data()),
                           static_cast<int>(std::min<size_t>(message.size(), 65'535)));
}

DnsResolver::DnsResolver(std::string servers)
    : servers_(std::move(servers)), wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  static const AresLibrary* const library = new AresLibrary();
  static_cast<void>(library);
}

DnsResolver::~DnsResolver() { close(wake_fd_); }

std::vector<DnsResolver::Answer> DnsResolver::Resolve(const std::vector<std::string>& names,
                                                      DnsType type) {
  std::vector<Answer> answers;
  for (const std::string& name : names)
    answers.push_back({name, absl::CancelledError("cancelled")});
  if (cancelled_) return answers;
  ares_options options{};
  options.timeout = kTimeoutMs;
  options.tries = kTries;
  ares_channel channel = nullptr;
  int code = ares_init_options(&channel, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
  if (code == ARES_SUCCESS && !servers_.empty()) {
    code = ares_set_servers_ports_csv(channel, servers_.c_str());
    if (code != ARES_SUCCESS) ares_destroy(channel);
  }
  if (code != ARES_SUCCESS) {
    for (Answer& answer : answers)
      answer.records = absl::UnavailableError(StrCat("DNS: ", ares_strerror(code)));
    return answers;
  }
  int open = static_cast<int>(names.size());
  std::vector<Question> questions(names.size());
  for (size_t i = 0; i < names.size(); ++i) {
    questions[i] = {type, &open, &answers[i]};
    ares_search(channel, names[i].c_str(), ns_c_in, RowOf(type).ns_type, &Question::Done,
                &questions[i]);
  }
  while (open > 0 && !cancelled_) {
    if (!WaitForSockets(channel, wake_fd_)) break;
  }
  ares_destroy(channel);  // Ends what is open.
  return answers;
}

void DnsResolver::Cancel() {
  cancelled_ = true;
  const uint64_t one = 1;
  // The counter cannot overflow, and the flag is set whatever happens.
  [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof(one));
}

}  // namespace hearth
