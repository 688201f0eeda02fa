// server/version.h
//
// What this build calls itself. Grafana chooses its behaviour by the Prometheus version that
// /api/v1/status/buildinfo gives, so that one is the version of Prometheus whose surface is
// implemented.
#ifndef HEARTH_SERVER_VERSION_H_
#define HEARTH_SERVER_VERSION_H_

#include <string_view>

namespace hearth {

inline constexpr std::string_view kHearthVersion = "0.1.0";
inline constexpr std::string_view kPrometheusVersion = "3.14.0";

}  // namespace hearth

#endif  // HEARTH_SERVER_VERSION_H_
