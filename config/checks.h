// config/checks.h
//
// What must hold inside one section, in Prometheus' words. FieldReader calls Check right after it
// has filled a struct, so the error carries the section's line. Checks that need several sections
// are in config.cc. Internal to config/.
#ifndef HEARTH_CONFIG_CHECKS_H_
#define HEARTH_CONFIG_CHECKS_H_

#include "absl/status/status.h"
#include "config/config.h"

namespace hearth {

template <typename T>
absl::Status Check(T&) {
  return absl::OkStatus();
}
absl::Status Check(RelabelConfig& config);
absl::Status Check(TlsConfig& config);
absl::Status Check(OAuth2Config& config);
// Moves the deprecated bearer_token fields into `authorization`.
absl::Status Check(HttpClientConfig& config);
absl::Status Check(Sigv4Config& config);
absl::Status Check(AzureAdConfig& config);
absl::Status Check(GlobalConfig& config);
absl::Status Check(ScrapeConfig& config);
absl::Status Check(AlertmanagerConfig& config);
absl::Status Check(QueueConfig& config);
absl::Status Check(RemoteWriteConfig& config);
absl::Status Check(RemoteReadConfig& config);
absl::Status Check(RetentionConfig& config);
absl::Status Check(ChunkEncodingConfig& config);
absl::Status Check(OtlpConfig& config);
absl::Status Check(TracingConfig& config);

}  // namespace hearth

#endif  // HEARTH_CONFIG_CHECKS_H_
