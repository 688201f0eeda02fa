// api/v1/dependencies.h
//
// Everything that the API asks of the rest of the server, as plain values and functions: the server
// wires it, tests fake it.
//
// Thread safety: the functions are called from several threads at once. Ownership: pointers are
// borrowed and outlive the Api.
#ifndef HEARTH_API_V1_DEPENDENCIES_H_
#define HEARTH_API_V1_DEPENDENCIES_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/receive/remote_write.h"
#include "api/v1/storage_admin.h"
#include "metrics/registry.h"
#include "model/byte_account.h"
#include "model/clock.h"
#include "query/engine.h"
#include "rules/alertmanager_status.h"
#include "rules/status.h"
#include "scrape/status.h"
#include "tsdb/storage.h"

namespace hearth {

enum class Readiness { kStarting, kReady, kStopping };

struct BuildInfo {
  std::string version, revision, branch, build_user, build_date;
  std::string compiler;  // Shown as goVersion, which clients expect to be there.
};

struct RuntimeInfo {
  TimeMs start_time_ms = 0;
  std::string working_directory;
  std::string hostname;
  bool reload_config_success = true;
  TimeMs last_config_time_ms = 0;
  int64_t corruption_count = 0;
  int threads = 0;                // Shown as goroutineCount.
  int cpus = 0;                   // Shown as GOMAXPROCS.
  std::string storage_retention;  // "15d or 1GiB"
};

// Name and number, largest first.
using NamedCounts = std::vector<std::pair<std::string, int64_t>>;

struct TsdbStatus {
  int64_t series = 0;
  int64_t label_pairs = 0;
  int64_t chunks = 0;
  TimeMs min_time_ms = 0, max_time_ms = 0;
  NamedCounts series_by_metric_name;
  NamedCounts values_by_label_name;
  NamedCounts bytes_by_label_name;
  NamedCounts series_by_label_pair;  // "job=node"

  // Not Prometheus'. Bytes.
  int64_t memory_limit_bytes = 0;  // 0 = none.
  int64_t memory_resident_bytes = 0;
  std::string memory_pressure;  // "none", "shrink", "flush", "refuse", "full"
  NamedCounts memory_by_part, disk_by_part;
  NamedCounts memory_by_metric_name, disk_by_metric_name;  // Largest first.
};

struct WalReplayStatus {
  int64_t min = 0, max = 0, current = 0;  // Segments.
  std::string state;                      // "waiting", "in progress", "done"
};

struct ApiDependencies {
  const Queryable* storage = nullptr;
  const ExemplarQueryable* exemplars = nullptr;
  const Clock* clock = nullptr;
  ByteAccount* memory = nullptr;  // What is kept between requests is charged here; null = nowhere.
  metrics::Registry* registry = nullptr;
  // Engine::Execute.
  std::function<absl::StatusOr<promql::QueryResult>(const promql::QueryRequest&)> execute;
  promql::ParserOptions parser;         // The engine's.
  RemoteWrite* remote_write = nullptr;  // Null = switched off: 404.
  const ScrapeStatus* scrape = nullptr;
  const RulesStatus* rules = nullptr;
  const AlertmanagerStatus* alertmanagers = nullptr;

  std::function<Readiness()> readiness;
  BuildInfo build;
  std::map<std::string, std::string> flags;
  std::function<std::string()> config_yaml;
  std::function<RuntimeInfo()> runtime_info;
  std::function<absl::StatusOr<TsdbStatus>(size_t limit)> tsdb_status;
  std::function<WalReplayStatus()> wal_replay;

  StorageAdmin* admin = nullptr;  // Null = --web.enable-admin-api is off.

  bool lifecycle = false;  // --web.enable-lifecycle
  std::function<absl::Status()> reload;
  std::function<void()> quit;  // Asks for a graceful stop and returns.

  std::string route_prefix = "/";  // --web.route-prefix; begins with a slash.
  std::string cors_origin = ".*";  // --web.cors.origin: an anchored regular expression.
};

}  // namespace hearth

#endif  // HEARTH_API_V1_DEPENDENCIES_H_
