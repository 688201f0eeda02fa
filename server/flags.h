// server/flags.h
//
// The command line of `hearth`: Prometheus' flags, plus ours. One row of the table in flags.cc is
// one flag: its name, default, help and where its value goes. Flags of Prometheus that have no
// meaning here are rows too, accepted and named in one log line.
//
// Thread safety: plain data after parsing.
#ifndef HEARTH_SERVER_FLAGS_H_
#define HEARTH_SERVER_FLAGS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "model/clock.h"

namespace hearth {

struct Flags {
  std::string config_file;
  bool auto_reload = false;
  TimeMs auto_reload_interval_ms = 0;  // >= 1000

  std::vector<std::string> listen_addresses;
  std::string grpc_listen_address;  // Empty = no gRPC.
  std::string external_url;
  std::string route_prefix;
  TimeMs read_timeout_ms = 0;
  int max_connections = 0;
  std::string cors_origin;
  std::string page_title;
  bool enable_lifecycle = false;
  bool enable_admin_api = false;
  bool enable_remote_write_receiver = false;

  std::string storage_path;
  TimeMs retention_ms = 0;      // 0 = no limit by time.
  int64_t retention_bytes = 0;  // 0 = no limit by size.
  TimeMs wal_sync_interval_ms = 0;

  TimeMs lookback_delta_ms = 0;
  TimeMs query_timeout_ms = 0;
  int query_max_concurrency = 0;
  int64_t query_max_samples = 0;
  int64_t query_max_bytes = 0;        // Of one query; 0 = no limit.
  int64_t query_max_total_bytes = 0;  // Of all queries; 0 = no limit.
  int64_t query_cache_size = 0;       // Of results that are kept; 0 = none are.

  TimeMs for_outage_tolerance_ms = 0;
  TimeMs for_grace_period_ms = 0;
  TimeMs resend_delay_ms = 0;
  int rules_max_concurrent_evals = 0;

  int notification_queue_capacity = 0;  // Alerts for each Alertmanager; > 0, as the next.
  int notification_batch_size = 0;
  bool drain_notification_queue = true;

  bool adjust_timestamps = true;
  TimeMs timestamp_tolerance_ms = 0;

  int64_t memory_limit_bytes = -1;  // 0 = none; -1 = not given: what the control group says.

  std::string log_level;
  std::string log_format;
  std::vector<std::string> features;  // Of --enable-feature, split at commas.

  // Every flag as /api/v1/status/flags shows it: name without dashes to value.
  std::map<std::string, std::string> as_text;
  // Names that were given but do nothing here.
  std::vector<std::string> without_meaning;

  bool HasFeature(std::string_view name) const;
  // Those of `features` that change nothing here: unknown names, and features of Prometheus that
  // are missing or always on.
  std::vector<std::string> FeaturesWithoutEffect() const;
};

// What the command line asked for: to run with `flags`, or to print a text and leave (--help,
// --version).
struct CommandLine {
  Flags flags;
  std::string print_and_exit;
};

// kInvalidArgument with one line for the user: unknown flag, bad value.
absl::StatusOr<CommandLine> ParseCommandLine(int argc, const char* const* argv);

}  // namespace hearth

#endif  // HEARTH_SERVER_FLAGS_H_
