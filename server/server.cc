#include "server/server.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "config/duration.h"
#include "model/status.h"
#include "model/text.h"
#include "server/log_file.h"
#include "server/process_metrics.h"
#include "server/resident_memory.h"
#include "server/scrape_failure_log.h"
#include "server/tsdb_metrics.h"
#include "server/version.h"
#include "spdlog/spdlog.h"

namespace hearth {
namespace {

constexpr TimeMs kStopDeadlineMs = 5'000;
// The block cache has at most so great a part of --memory-limit.
constexpr size_t kBlockCachePart = 16;
constexpr std::string_view kStartZeros = "created-timestamp-zero-ingestion";

absl::StatusOr<std::string> ReadConfigFile(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in)
    return absl::NotFoundError(
        StrCat("error loading config from \"", path, "\": cannot read the file"));
  return text.str();
}

LoadEnvironment LoadEnvironmentFor(const Flags& flags) {
  LoadEnvironment environment = SystemEnvironment();
  environment.protobuf_first = flags.HasFeature(kStartZeros);
  return environment;
}

// The path of a URL, without a trailing slash: "https://host/monitoring/" gives "/monitoring".
std::string PathOf(std::string_view url) {
  const size_t scheme = url.find("://");
  const size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
  const size_t slash = url.find('/', host);
  std::string path(slash == std::string_view::npos ? std::string_view() : url.substr(slash));
  while (path.ends_with('/')) path.pop_back();
  return path;
}

std::string RoutePrefix(const Flags& flags) {
  std::string prefix = flags.route_prefix.empty() ? PathOf(flags.external_url) : flags.route_prefix;
  if (!prefix.starts_with('/')) prefix = "/" + prefix;
  while (prefix.size() > 1 && prefix.ends_with('/')) prefix.pop_back();
  return prefix;
}

std::string HostName() {
  char name[256] = "";
  gethostname(name, sizeof(name) - 1);
  return name;
}

std::string WorkingDirectory() {
  char path[4096] = "";
  return getcwd(path, sizeof(path)) == nullptr ? "" : path;
}

std::string RetentionText(const DbOptions& options) {
  std::string text;
  if (options.retention_ms > 0) text = FormatDuration(options.retention_ms);
  if (options.retention_bytes > 0) {
    StrAppend(&text, text.empty() ? "" : " or ",
              FormatBytes(static_cast<int64_t>(options.retention_bytes)));
  }
  return text;
}

std::string ExternalHost(const Flags& flags) {
  const std::string& address = flags.listen_addresses.front();
  return StrCat(HostName(), address.substr(address.rfind(':')));
}

// Where users find this server, without a slash at the end.
std::string ExternalUrl(const Flags& flags) {
  std::string url = flags.external_url;
  if (url.empty()) url = StrCat("http://", ExternalHost(flags));
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(Flags flags, const ServerSeams& seams) {
  std::unique_ptr<Server> server(new Server(std::move(flags), seams));
  HEARTH_RETURN_IF_ERROR(server->StartAll());
  return server;
}

Server::~Server() { Stop(); }

absl::Status Server::StartAll() {
  // A configuration that is wrong ends the start before anything is opened.
  HEARTH_ASSIGN_OR_RETURN(const std::string text, ReadConfigFile(flags_.config_file));
  HEARTH_ASSIGN_OR_RETURN(const Config config,
                          Load(text, flags_.config_file, LoadEnvironmentFor(flags_)));
  SetDbOptions(config);

  promql::EngineOptions engine;
  engine.lookback_delta_ms = flags_.lookback_delta_ms;
  engine.timeout_ms = flags_.query_timeout_ms;
  engine.max_samples = flags_.query_max_samples;
  engine.max_concurrency = flags_.query_max_concurrency;
  engine.max_query_bytes = flags_.query_max_bytes;
  engine.max_total_bytes = flags_.query_max_total_bytes;
  engine.memory = guard_.work();
  engine.cache_bytes = flags_.query_cache_size;
  engine.per_step_stats = flags_.HasFeature("promql-per-step-stats");
  engine.registry = &registry_;
  engine.observer = &query_watch_;
  engine.delayed_name_removal = flags_.HasFeature("promql-delayed-name-removal");
  engine.parser.experimental_functions = flags_.HasFeature("promql-experimental-functions");
  engine.parser.extended_range_selectors = flags_.HasFeature("promql-extended-range-selectors");
  engine.parser.fill_modifiers = flags_.HasFeature("promql-binop-fill-modifiers");
  engine.use_start_timestamps = flags_.HasFeature("use-start-timestamps");
  engine.parser.start_timestamps = engine.use_start_timestamps;
  engine_ = std::make_unique<promql::Engine>(&storage_, seams_.clock, engine);

  ProviderFactory::Options providers;
  providers.io = &client_io_;
  providers.registry = &registry_;
  providers.warn = [](const std::string& text) { spdlog::warn("{}", text); };
  if (const char* servers = std::getenv("HEARTH_DNS_SERVERS")) providers.dns_servers = servers;
  providers_ = std::make_unique<ProviderFactory>(std::move(providers));
  ScraperOptions scraper;
  scraper.clock = seams_.clock;
  scraper.storage = &storage_;
  scraper.fetchers = &fetchers_;
  scraper.providers = providers_.get();
  scraper.registry = &registry_;
  scraper.offset_seed = FingerprintOf(HostName()).lo;
  scraper.external_host = ExternalHost(flags_);
  scraper.start_times = flags_.HasFeature(kStartZeros);
  scraper.open_failure_log = &OpenScrapeFailureLog;
  scraper.warn = [](const std::string& text) { spdlog::warn("{}", text); };
  scraper_ = std::make_unique<Scraper>(std::move(scraper));
  MakeNotifier();
  MakeRuleManager();
  if (flags_.enable_remote_write_receiver)
    remote_write_ = std::make_unique<RemoteWrite>(&storage_, &registry_,
                                                  RemoteWriteOptions{.work = guard_.work()});
  RegisterMetrics();

  HEARTH_ASSIGN_OR_RETURN(api_, Api::Create(MakeApiDependencies()));
  http::ServerOptions options;
  options.listen_addresses = flags_.listen_addresses;
  options.read_timeout_ms = flags_.read_timeout_ms;
  options.connections_max = flags_.max_connections;
  options.bodies = guard_.work();
  HEARTH_ASSIGN_OR_RETURN(
      http_, http::Server::Start(std::move(options), [api = api_.get()](const http::Request& head) {
        return api->Route(head);
      }));
  for (const std::string& address : flags_.listen_addresses)
    spdlog::info("Listening on {}", address);

  HEARTH_RETURN_IF_ERROR(OpenStorage());
  StartGuard();
  {
    MutexLock lock(&reload_mu_);
    HEARTH_RETURN_IF_ERROR(LoadAndApply());
  }
  HEARTH_RETURN_IF_ERROR(StartGrpc());
  notifier_->Start();
  scraper_->Start();
  rules_->Start();
  readiness_ = Readiness::kReady;
  spdlog::info("Server is ready to receive web requests.");
  DropCodePages();
  return absl::OkStatus();
}

void Server::StartGuard() {
  guard_.Start(
      {.resident_bytes = [] { return ReadResidentMemory().total; },
       .flush_bytes = [this] { return static_cast<int64_t>(db_->FlushBytes()); },
       .relieve = [this](MemoryPressure pressure) { relief_.Relieve(pressure, engine_.get()); }});
}

void Server::MakeRuleManager() {
  RuleManagerOptions options;
  options.engine = engine_.get();
  options.storage = &storage_;
  options.queryable = &storage_;
  options.clock = seams_.clock;
  options.sink = notifier_.get();
  options.registry = &registry_;
  options.external_url = ExternalUrl(flags_);
  options.restore.outage_tolerance_ms = flags_.for_outage_tolerance_ms;
  options.restore.grace_period_ms = flags_.for_grace_period_ms;
  options.resend_delay_ms = flags_.resend_delay_ms;
  if (flags_.HasFeature("concurrent-rule-eval")) {
    options.concurrent_rules = static_cast<size_t>(flags_.rules_max_concurrent_evals);
  }
  options.warn = [](const std::string& text) { spdlog::warn("{}", text); };
  options.error = [](const std::string& text) { spdlog::error("{}", text); };
  rules_ = std::make_unique<RuleManager>(std::move(options));
}

void Server::MakeNotifier() {
  NotifierOptions options;
  options.clock = seams_.clock;
  options.io = &client_io_;
  options.registry = &registry_;
  options.providers = providers_.get();
  options.sender.queue_capacity = static_cast<size_t>(flags_.notification_queue_capacity);
  options.sender.batch_size = static_cast<size_t>(flags_.notification_batch_size);
  options.sender.warn = [](const std::string& text) { spdlog::warn("{}", text); };
  options.sender.info = [](const std::string& text) { spdlog::info("{}", text); };
  options.drain = flags_.drain_notification_queue;
  notifier_ = std::make_unique<Notifier>(std::move(options));
}

absl::Status Server::OpenStorage() {
  HEARTH_ASSIGN_OR_RETURN(db_, Db::Open(db_options_));
  storage_.Set(db_.get());
  const ReplayStats replay = db_->Stats().head.replay;
  spdlog::info("TSDB started: replayed {} samples of {} WAL segments and {} chunks in {} ms",
               replay.replayed_samples, replay.wal_segments, replay.chunks, replay.duration_ms);
  if (replay.skipped_bytes > 0) {
    spdlog::warn("Skipped {} damaged bytes of WAL and chunk log", replay.skipped_bytes);
  }
  if (!replay.wal_synced.ok()) {
    spdlog::warn("The WAL's end could not be made durable: {}",
                 FromAbsl(replay.wal_synced.message()));
  }
  ListActiveQueries();
  return absl::OkStatus();
}

// The database holds the directory's lock by now. A list that cannot be kept is no reason not to
// start.
void Server::ListActiveQueries() {
  std::string unfinished;
  auto active =
      ActiveQueries::Open(flags_.storage_path, static_cast<size_t>(flags_.query_max_concurrency),
                          seams_.fs, &unfinished);
  if (!unfinished.empty()) {
    spdlog::info("These queries didn't finish in prometheus' last run: {}", unfinished);
  }
  if (!active.ok()) {
    spdlog::warn("Active queries are not listed: {}", FromAbsl(active.status().message()));
    return;
  }
  query_watch_.List(*std::move(active));
}

absl::Status Server::StartGrpc() {
  if (flags_.grpc_listen_address.empty()) return absl::OkStatus();
  HEARTH_ASSIGN_OR_RETURN(grpc_, GrpcServer::Start(flags_.grpc_listen_address, engine_.get(),
                                                   remote_write_.get(), seams_.clock));
  spdlog::info("gRPC listens on {}", flags_.grpc_listen_address);
  return absl::OkStatus();
}

namespace {

// 0 when exemplars are not kept.
uint64_t MaxExemplars(const Config& config, const Flags& flags) {
  if (!flags.HasFeature("exemplar-storage")) return 0;
  const int64_t max = config.storage.exemplars.value_or(ExemplarsConfig()).max_exemplars;
  return static_cast<uint64_t>(std::max<int64_t>(max, 0));
}

TimeMs OutOfOrderWindow(const Config& config) {
  const auto& tsdb = config.storage.tsdb;
  return tsdb && tsdb->out_of_order_time_window ? tsdb->out_of_order_time_window->ms
                                                : kDefaultOutOfOrderWindowMs;
}

}  // namespace

void Server::SetDbOptions(const Config& config) {
  db_options_.path = flags_.storage_path;
  db_options_.clock = seams_.clock;
  db_options_.fs = seams_.fs;
  db_options_.rocks_env = seams_.rocks_env;
  db_options_.retention_ms = flags_.retention_ms;
  db_options_.retention_bytes = static_cast<uint64_t>(flags_.retention_bytes);
  db_options_.wal_sync_interval_ms = flags_.wal_sync_interval_ms;
  db_options_.out_of_order_window_ms = OutOfOrderWindow(config);
  db_options_.start_zeros = flags_.HasFeature(kStartZeros);
  db_options_.max_exemplars = MaxExemplars(config, flags_);
  db_options_.memory = guard_.budget_or_null();
  if (db_options_.memory != nullptr) {
    db_options_.block_cache_bytes =
        std::min(db_options_.block_cache_bytes,
                 static_cast<size_t>(guard_.budget().limit_bytes()) / kBlockCachePart);
  }
  seams_.tune_storage(&db_options_);
  if (!config.storage.tsdb || !config.storage.tsdb->retention) return;
  // The file wins over the flags, as in Prometheus 3; what it leaves out stays as the flags have
  // it.
  const RetentionConfig& retention = *config.storage.tsdb->retention;
  if (retention.time.ms > 0) db_options_.retention_ms = retention.time.ms;
  if (retention.size.bytes > 0)
    db_options_.retention_bytes = static_cast<uint64_t>(retention.size.bytes);
}

void Server::RegisterMetrics() {
  RegisterProcessMetrics(&registry_);
  const auto stats = std::make_shared<SharedStats>(&storage_);
  RegisterTsdbMetrics(stats, db_options_, &registry_);
  // The scraper's own gauge.
  metrics::Gauge* const scrape_caches = registry_.AddGauge("hearth_scrape_cache_bytes", "");
  memory_parts_ = std::make_unique<MemoryParts>(MemoryParts::Sources{
      .storage = &storage_,
      .stats = stats,
      .guard = &guard_,
      .scrape_caches = [scrape_caches] { return static_cast<int64_t>(scrape_caches->value()); },
      .queries = [this] { return engine_->held_bytes(); }});
  memory_parts_->Register(&registry_);
  registry_
      .AddGauge("prometheus_build_info",
                "The build, and the version of Prometheus it is compatible with.",
                {{"branch", "main"},
                 {"goversion", "none"},
                 {"revision", std::string(kHearthVersion)},
                 {"version", std::string(kPrometheusVersion)}})
      ->Set(1);
  using metrics::MetricKind;
  registry_.AddCallback("prometheus_ready", "Whether the server answers queries.",
                        MetricKind::kGauge,
                        [this] { return readiness_ == Readiness::kReady ? 1.0 : 0.0; });
}

ApiDependencies Server::MakeApiDependencies() {
  ApiDependencies deps;
  deps.storage = &storage_;
  deps.exemplars = &storage_;
  deps.memory = guard_.work();
  deps.clock = seams_.clock;
  deps.registry = &registry_;
  deps.execute = [this](const promql::QueryRequest& request) { return engine_->Execute(request); };
  deps.parser = engine_->options().parser;
  deps.remote_write = remote_write_.get();
  deps.scrape = scraper_.get();
  deps.rules = rules_.get();
  deps.alertmanagers = notifier_.get();
  deps.readiness = [this] { return readiness_.load(); };
  deps.build = {.version = std::string(kPrometheusVersion),
                .revision = StrCat("hearth-", kHearthVersion),
                .branch = "main",
                .build_user = "",
                .build_date = "",
                .compiler = "gcc " __VERSION__};
  deps.flags = flags_.as_text;
  deps.config_yaml = [this] {
    MutexLock lock(&reload_mu_);
    return ToYaml(config_);
  };
  deps.runtime_info = [this] { return ReadRuntimeInfo(); };
  deps.tsdb_status = [this](size_t limit) -> absl::StatusOr<TsdbStatus> {
    HEARTH_ASSIGN_OR_RETURN(TsdbStatus status, ReadTsdbStatus(storage_, limit));
    HEARTH_RETURN_IF_ERROR(memory_parts_->Fill(limit, &status));
    return status;
  };
  deps.wal_replay = [this] {
    WalReplayStatus status;
    status.state = storage_.ready() ? "done" : "in progress";
    if (storage_.ready()) {
      const ReplayStats replay = storage_.get()->Stats().head.replay;
      status.max = status.current = static_cast<int64_t>(replay.wal_segments);
    }
    return status;
  };
  if (flags_.enable_admin_api) deps.admin = &admin_;
  deps.lifecycle = flags_.enable_lifecycle;
  deps.reload = [this] { return Reload(); };
  // main waits for signals: a request to quit is one.
  deps.quit = [] { kill(getpid(), SIGTERM); };
  deps.route_prefix = RoutePrefix(flags_);
  deps.cors_origin = flags_.cors_origin;
  return deps;
}

RuntimeInfo Server::ReadRuntimeInfo() const {
  RuntimeInfo info;
  info.start_time_ms = start_time_ms_;
  info.working_directory = WorkingDirectory();
  info.hostname = HostName();
  {
    MutexLock lock(&reload_mu_);
    info.reload_config_success = reload_ok_;
    info.last_config_time_ms = reload_ms_;
  }
  if (storage_.ready()) {
    const DbStats stats = storage_.get()->Stats();
    info.corruption_count = static_cast<int64_t>(stats.store.quarantined);
  }
  info.threads = ReadProcessStats().threads;
  info.cpus = static_cast<int>(std::thread::hardware_concurrency());
  info.storage_retention = RetentionText(db_options_);
  return info;
}

absl::Status Server::Apply(Config config) {
  // Opened again at every reload, so that a log that was moved away is begun anew.
  std::unique_ptr<LogFile> query_log;
  if (!config.global.query_log_file.empty()) {
    HEARTH_ASSIGN_OR_RETURN(query_log,
                            LogFile::Open("query_log_file", config.global.query_log_file));
  }
  HEARTH_ASSIGN_OR_RETURN(RuleManager::Loaded rules, rules_->Load(config));
  HEARTH_ASSIGN_OR_RETURN(std::unique_ptr<Notifier::Plan> notifications,
                          notifier_->Prepare(config));
  HEARTH_RETURN_IF_ERROR(scraper_->Apply(config));
  notifier_->Use(std::move(notifications));
  rules_->Use(std::move(rules));
  query_watch_.log().Use(std::move(query_log));
  engine_->SetDefaultSubqueryStep(config.global.evaluation_interval.ms);
  db_->SetOutOfOrderWindow(OutOfOrderWindow(config));
  db_->SetMaxExemplars(MaxExemplars(config, flags_));
  for (const std::string& warning : config.warnings) spdlog::warn("{}", warning);
  config_ = std::move(config);
  return absl::OkStatus();
}

absl::Status Server::LoadAndApply() {
  HEARTH_ASSIGN_OR_RETURN(const std::string text, ReadConfigFile(flags_.config_file));
  HEARTH_ASSIGN_OR_RETURN(Config config,
                          Load(text, flags_.config_file, LoadEnvironmentFor(flags_)));
  HEARTH_RETURN_IF_ERROR(Apply(std::move(config)));
  reload_ms_ = seams_.clock->NowMs();
  reload_ok_gauge_->Set(1);
  reload_time_gauge_->Set(static_cast<double>(reload_ms_) / 1000);
  spdlog::info("Completed loading of configuration file {}", flags_.config_file);
  return absl::OkStatus();
}

absl::Status Server::Reload() {
  MutexLock lock(&reload_mu_);
  const absl::Status status = LoadAndApply();
  reload_ok_ = status.ok();
  reload_ok_gauge_->Set(status.ok() ? 1 : 0);
  if (!status.ok()) spdlog::error("Error reloading config: {}", FromAbsl(status.message()));
  return status;
}

void Server::Stop() {
  if (readiness_.exchange(Readiness::kStopping) == Readiness::kStopping) return;
  if (rules_ != nullptr) rules_->Stop();
  if (scraper_ != nullptr) scraper_->Stop();
  if (notifier_ != nullptr) notifier_->Stop(kStopDeadlineMs);
  // Admin calls may run for long; they hold their request open.
  if (db_ != nullptr) db_->CancelCompaction();
  if (grpc_ != nullptr) grpc_->Stop(kStopDeadlineMs);
  if (http_ != nullptr) http_->Stop(kStopDeadlineMs);
  guard_.Stop();
  if (db_ != nullptr) {
    const absl::Status status = db_->Close();
    if (!status.ok()) spdlog::error("Closing the database: {}", FromAbsl(status.message()));
  }
}

}  // namespace hearth
