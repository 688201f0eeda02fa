// server/server.h
//
// The server as one object: makes the parts in the order in which they need each other, reloads,
// and takes them down in the opposite order.
//
//   listen (503 to all) → open the database → load targets and rules → ready … → stop rules and
//   scraping → send the last alerts → finish requests → close the database
//
// Thread safety: Reload and the accessors from any thread; Start and Stop from main.
#ifndef HEARTH_SERVER_SERVER_H_
#define HEARTH_SERVER_SERVER_H_

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/grpc/grpc_server.h"
#include "api/receive/remote_write.h"
#include "api/v1/api.h"
#include "config/config.h"
#include "http/io_thread.h"
#include "http/server.h"
#include "metrics/registry.h"
#include "model/clock.h"
#include "model/mutex.h"
#include "query/engine.h"
#include "rules/manager.h"
#include "rules/notifier.h"
#include "scrape/discovery/providers.h"
#include "scrape/http_fetcher.h"
#include "scrape/scraper.h"
#include "server/db_admin.h"
#include "server/flags.h"
#include "server/late_storage.h"
#include "server/memory_guard.h"
#include "server/memory_parts.h"
#include "server/memory_relief.h"
#include "server/query_watch.h"
#include "tsdb/db.h"

namespace hearth {

// What a server stands on. Tests put something else in place.
struct ServerSeams {
  const Clock* clock =
      &SystemClock::Get();  // Borrowed, as are the others; they outlive the server.
  FileSystem* fs = &PosixFileSystem();
  rocksdb::Env* rocks_env = nullptr;  // As DbOptions::rocks_env.
  // For options of the storage that no flag sets.
  std::function<void(DbOptions*)> tune_storage = [](DbOptions*) {};
};

class Server {
 public:
  // Starts everything; the server answers when this returns. On error nothing keeps running, and
  // the message is one line.
  static absl::StatusOr<std::unique_ptr<Server>> Start(Flags flags, const ServerSeams& seams = {});
  // Stops unless stopped.
  ~Server();

  // Reads the configuration file again. All or nothing: on error everything goes on as it was.
  absl::Status Reload() LOCKS_EXCLUDED(reload_mu_);

  // Finishes what is under way within a few seconds, makes acknowledged samples durable, and
  // closes.
  void Stop();

 private:
  Server(Flags flags, const ServerSeams& seams) : flags_(std::move(flags)), seams_(seams) {}

  absl::Status StartAll();
  void MakeNotifier();
  void MakeRuleManager();
  absl::Status OpenStorage();
  void ListActiveQueries();
  absl::Status StartGrpc();
  ApiDependencies MakeApiDependencies();
  void RegisterMetrics();
  void StartGuard();
  // Applies a configuration that has been checked to rules, engine and scraper.
  absl::Status Apply(Config config) EXCLUSIVE_LOCKS_REQUIRED(reload_mu_);
  absl::Status LoadAndApply() EXCLUSIVE_LOCKS_REQUIRED(reload_mu_);
  void SetDbOptions(const Config& config);
  RuntimeInfo ReadRuntimeInfo() const;

  const Flags flags_;
  const ServerSeams seams_;
  const TimeMs start_time_ms_ = seams_.clock->NowMs();
  DbOptions db_options_;  // Constant once the configuration has been read at the start.
  std::atomic<Readiness> readiness_{Readiness::kStarting};

  // In the order of construction; each borrows from those above it.
  MemoryGuard guard_{std::max<int64_t>(flags_.memory_limit_bytes, 0)};
  metrics::Registry registry_;
  // Gauges rather than callbacks: a rendering must not wait for a reload, which registers metrics
  // itself.
  metrics::Gauge* const reload_ok_gauge_ =
      registry_.AddGauge("prometheus_config_last_reload_successful",
                         "Whether the last configuration reload attempt was successful.");
  metrics::Gauge* const reload_time_gauge_ =
      registry_.AddGauge("prometheus_config_last_reload_success_timestamp_seconds",
                         "Timestamp of the last successful configuration reload.");
  LateStorage<Db> storage_;
  MemoryRelief relief_{&storage_};
  DbAdmin admin_{&storage_};
  std::unique_ptr<Db> db_;
  QueryWatch query_watch_{seams_.clock, &registry_};
  std::unique_ptr<promql::Engine> engine_;
  std::unique_ptr<MemoryParts> memory_parts_;
  http::IoThread client_io_;
  HttpFetcherFactory fetchers_{&client_io_};
  std::unique_ptr<ProviderFactory> providers_;
  std::unique_ptr<Scraper> scraper_;
  std::unique_ptr<Notifier> notifier_;
  std::unique_ptr<RuleManager> rules_;
  std::unique_ptr<RemoteWrite> remote_write_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<http::Server> http_;
  std::unique_ptr<GrpcServer> grpc_;

  mutable Mutex reload_mu_;
  Config config_ GUARDED_BY(reload_mu_);
  bool reload_ok_ GUARDED_BY(reload_mu_) = true;
  TimeMs reload_ms_ GUARDED_BY(reload_mu_) = 0;  // Of the last good one.
};

}  // namespace hearth

#endif  // HEARTH_SERVER_SERVER_H_
