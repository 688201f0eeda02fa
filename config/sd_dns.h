// config/sd_dns.h
//
// One item of dns_sd_configs: names that are asked for again and again. Plain data.
#ifndef HEARTH_CONFIG_SD_DNS_H_
#define HEARTH_CONFIG_SD_DNS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/units.h"

namespace hearth {

struct DnsSdConfig {
  static constexpr std::string_view kYamlType = "dns.plain";

  std::vector<std::string> names;  // Never empty after Load.
  Duration refresh_interval{30'000};
  std::string type = "SRV";  // SRV, A, AAAA, MX or NS, in any case.
  int64_t port = 0;          // For records without a port of their own: all but SRV.
  friend bool operator==(const DnsSdConfig&, const DnsSdConfig&) = default;
};

}  // namespace hearth

#endif  // HEARTH_CONFIG_SD_DNS_H_
