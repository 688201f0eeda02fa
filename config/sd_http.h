// config/sd_http.h
//
// One item of http_sd_configs: target groups that a URL answers with. Plain data.
#ifndef HEARTH_CONFIG_SD_HTTP_H_
#define HEARTH_CONFIG_SD_HTTP_H_

#include <string>
#include <string_view>

#include "config/http_client_config.h"
#include "config/units.h"

namespace hearth {

struct HttpSdConfig {
  static constexpr std::string_view kYamlType = "http.plain";

  std::string url;  // With the scheme http or https and a host after Load.
  Duration refresh_interval{60'000};
  HttpClientConfig http;
  friend bool operator==(const HttpSdConfig&, const HttpSdConfig&) = default;
};

}  // namespace hearth

#endif  // HEARTH_CONFIG_SD_HTTP_H_
