// scrape/discovery/dns_resolver.h
//
// Asks DNS for the records of a name, through c-ares: servers, search domains and timeouts are
// those of resolv.conf.
//
// Thread safety: Resolve on one thread at a time; Cancel from any.
#ifndef HEARTH_SCRAPE_DISCOVERY_DNS_RESOLVER_H_
#define HEARTH_SCRAPE_DISCOVERY_DNS_RESOLVER_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace hearth {

enum class DnsType { kA, kAaaa, kSrv, kMx, kNs };

struct DnsRecord {
  std::string target;  // An address, or a name without its final dot.
  uint16_t port = 0;   // Of SRV.
  friend bool operator==(const DnsRecord&, const DnsRecord&) = default;
};

// What a message that answers a question of this type says. kInvalidArgument: no DNS message.
absl::StatusOr<std::vector<DnsRecord>> ParseDnsAnswer(DnsType type, std::string_view message);

class DnsResolver {
 public:
  // `servers`: instead of resolv.conf's, separated by commas, "127.0.0.1:5353"; "" = those.
  explicit DnsResolver(std::string servers = "");
  ~DnsResolver();
  DnsResolver(const DnsResolver&) = delete;
  DnsResolver& operator=(const DnsResolver&) = delete;

  // The answer to one name. A name that does not exist or has no such records has none of them:
  // that is no error. kUnavailable: no server answered, or one refused to; kCancelled.
  struct Answer {
    std::string name;
    absl::StatusOr<std::vector<DnsRecord>> records;
  };
  // Asks for all names at once; one answer a name, in order.
  std::vector<Answer> Resolve(const std::vector<std::string>& names, DnsType type);

  // Ends a Resolve that runs, and all later ones, with kCancelled.
  void Cancel();

 private:
  const std::string servers_;
  const int wake_fd_;  // An eventfd; readable once cancelled.
  std::atomic<bool> cancelled_{false};
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_DISCOVERY_DNS_RESOLVER_H_
