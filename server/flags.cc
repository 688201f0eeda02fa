#include "server/flags.h"

#include <algorithm>
#include <functional>
#include <memory>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "config/duration.h"
#include "model/status.h"
#include "model/text.h"
#include "server/version.h"

namespace hearth {
namespace {

// What the server takes itself, and what queries may always have.
constexpr int64_t kMemoryLimitMin = int64_t{48} << 20;
constexpr TimeMs kDefaultRetentionMs = TimeMs{30} * 24 * 3600 * 1000;

// Registers flags with CLI11 and remembers how each is shown and converted.
class FlagTable {
 public:
  explicit FlagTable(CLI::App* app) : app_(app) {}

  void Text(const std::string& name, std::string* target, const std::string& default_value,
            const std::string& help) {
    *target = default_value;
    app_->add_option("--" + name, *target, help)->option_text("=\"" + default_value + "\"");
    Show(name, [target] { return *target; });
  }

  void List(const std::string& name, std::vector<std::string>* target,
            const std::string& default_value, const std::string& help) {
    app_->add_option("--" + name, *target, help)
        ->option_text("=" + default_value + " ...")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
    after_.push_back([target, default_value] {
      if (target->empty() && !default_value.empty()) target->push_back(default_value);
      return absl::OkStatus();
    });
    Show(name, [target] {
      std::string text;
      for (const std::string& value : *target) StrAppend(&text, text.empty() ? "" : ",", value);
      return text;
    });
  }

  void Bool(const std::string& name, bool* target, bool default_value, const std::string& help) {
    *target = default_value;
    app_->add_flag("--" + name + ",!--no-" + name, *target, help);
    Show(name, [target] { return std::string(*target ? "true" : "false"); });
  }

  template <typename Int>
  void Number(const std::string& name, Int* target, Int default_value, const std::string& help) {
    *target = default_value;
    app_->add_option("--" + name, *target, help)->option_text(StrCat("=", default_value));
    Show(name, [target] { return StrCat(*target); });
  }

  void Duration(const std::string& name, TimeMs* target, const std::string& default_value,
                const std::string& help) {
    Converted(name, default_value, help, [target](const std::string& text) {
      const absl::StatusOr<TimeMs> ms = ParseDuration(text);
      if (ms.ok()) *target = *ms;
      return ms.status();
    });
  }

  void Size(const std::string& name, int64_t* target, const std::string& default_value,
            const std::string& help) {
    Converted(name, default_value, help, [target](const std::string& text) {
      const absl::StatusOr<int64_t> bytes = ParseBytes(text);
      if (bytes.ok()) *target = *bytes;
      return bytes.status();
    });
  }

  // A flag of Prometheus that means nothing here. `boolean` flags take no value.
  void WithoutMeaning(const std::string& name, bool boolean, const std::string& default_value) {
    auto value = std::make_shared<std::string>(default_value);
    const std::string help = "Accepted for compatibility; does nothing here.";
    CLI::Option* option;
    if (boolean) {
      option = app_->add_flag_callback(
          "--" + name, [value] { *value = "true"; }, help);
      app_->add_flag_callback("--no-" + name, [value] { *value = "false"; })->group("");
    } else {
      option =
          app_->add_option("--" + name, *value, help)->option_text("=\"" + default_value + "\"");
    }
    given_.push_back([option, name](Flags* flags) {
      if (option->count() > 0) flags->without_meaning.push_back("--" + name);
    });
    Show(name, [value] { return *value; });
  }

  // Converts what needs converting; fills as_text and without_meaning.
  absl::Status Finish(Flags* flags) {
    for (const auto& step : after_) HEARTH_RETURN_IF_ERROR(step());
    for (const auto& note : given_) note(flags);
    for (const auto& [name, text] : shown_) flags->as_text[name] = text();
    return absl::OkStatus();
  }

 private:
  void Converted(const std::string& name, const std::string& default_value, const std::string& help,
                 std::function<absl::Status(const std::string&)> convert) {
    auto text = std::make_shared<std::string>(default_value);
    app_->add_option("--" + name, *text, help)
        ->option_text("=" + (default_value.empty() ? "…" : default_value));
    after_.push_back([text, name, convert = std::move(convert)]() -> absl::Status {
      if (text->empty()) return absl::OkStatus();
      const absl::Status status = convert(*text);
      if (status.ok()) return status;
      return absl::InvalidArgumentError(
          StrCat("--", name, "=", *text, ": ", FromAbsl(status.message())));
    });
    Show(name, [text] { return *text; });
  }

  void Show(const std::string& name, std::function<std::string()> text) {
    shown_.emplace_back(name, std::move(text));
  }

  CLI::App* const app_;
  std::vector<std::function<absl::Status()>> after_;
  std::vector<std::function<void(Flags*)>> given_;
  std::vector<std::pair<std::string, std::function<std::string()>>> shown_;
};

void DefineWebFlags(FlagTable& table, Flags* f) {
  table.List("web.listen-address", &f->listen_addresses, "0.0.0.0:9090",
             "Address to listen on for UI, API, and telemetry. Can be repeated.");
  table.Text("grpc.listen-address", &f->grpc_listen_address, "",
             "Address to listen on for gRPC (hearth.v1). Empty: no gRPC.");
  table.Text("web.external-url", &f->external_url, "",
             "The URL under which Hearth is externally reachable, for links back to itself.");
  table.Text("web.route-prefix", &f->route_prefix, "",
             "Prefix of the internal routes. Defaults to the path of --web.external-url.");
  table.Duration(
      "web.read-timeout", &f->read_timeout_ms, "5m",
      "Maximum duration before timing out read of the request, and closing idle connections.");
  table.Number("web.max-connections", &f->max_connections, 512,
               "Maximum number of simultaneous connections.");
  table.Text("web.cors.origin", &f->cors_origin, ".*",
             "Regex for CORS origin. It is fully anchored.");
  table.Text("web.page-title", &f->page_title, "Hearth", "Document title of the UI.");
  table.Bool("web.enable-lifecycle", &f->enable_lifecycle, false,
             "Enable shutdown and reload via HTTP request.");
  table.Bool("web.enable-admin-api", &f->enable_admin_api, false,
             "Enable API endpoints for admin control actions.");
  table.Bool("web.enable-remote-write-receiver", &f->enable_remote_write_receiver, false,
             "Enable the API endpoint that accepts remote write requests.");
}

void DefineStorageFlags(FlagTable& table, Flags* f) {
  table.Text("storage.tsdb.path", &f->storage_path, "data/", "Base path for metrics storage.");
  table.Duration("storage.tsdb.retention.time", &f->retention_ms, "",
                 "How long to retain samples. 30d when neither retention flag is given.");
  table.Size("storage.tsdb.retention.size", &f->retention_bytes, "",
             "Maximum number of bytes to be stored; every byte below the data directory that is "
             "Hearth's counts. "
             "Units: B, KB, MB, GB, TB, PB, EB.");
  table.Duration("storage.tsdb.wal-sync-interval", &f->wal_sync_interval_ms, "1s",
                 "At most this long between an acknowledgement and its fdatasync. 0: sync before "
                 "acknowledging.");
}

void DefineQueryFlags(FlagTable& table, Flags* f) {
  table.Duration(
      "query.lookback-delta", &f->lookback_delta_ms, "5m",
      "The maximum lookback duration for retrieving metrics during expression evaluations.");
  table.Duration("query.timeout", &f->query_timeout_ms, "2m",
                 "Maximum time a query may take before being aborted.");
  table.Number("query.max-concurrency", &f->query_max_concurrency, 20,
               "Maximum number of queries executed concurrently.");
  table.Number("query.max-samples", &f->query_max_samples, int64_t{50'000'000},
               "Maximum number of samples a single query can load into memory.");
  table.Size("query.max-bytes", &f->query_max_bytes, "1GB",
             "Maximum memory of a single query, its answer included. 0B: no limit.");
  table.Size("query.max-total-bytes", &f->query_max_total_bytes, "2GB",
             "Maximum memory of all queries together. 0B: no limit.");
  table.Size("query.cache-size", &f->query_cache_size, "16MB",
             "Maximum memory of the results of range queries that are kept, so that a dashboard's "
             "refresh computes its new steps only. 0: every query is computed whole.");
}

void DefineRuleFlags(FlagTable& table, Flags* f) {
  table.Duration("rules.alert.for-outage-tolerance", &f->for_outage_tolerance_ms, "1h",
                 "Max time to tolerate prometheus outage for restoring \"for\" state of alert.");
  table.Duration("rules.alert.for-grace-period", &f->for_grace_period_ms, "10m",
                 "Minimum duration between alert and restored \"for\" state. Only for alerts "
                 "whose \"for\" is longer.");
  table.Duration("rules.alert.resend-delay", &f->resend_delay_ms, "1m",
                 "Minimum amount of time to wait before resending an alert to Alertmanager.");
  table.Number("rules.max-concurrent-evals", &f->rules_max_concurrent_evals, 4,
               "With --enable-feature=concurrent-rule-eval: how many rules of all groups together "
               "may run beside others of their group that they do not depend on.");
}

void DefineNotificationFlags(FlagTable& table, Flags* f) {
  table.Number("alertmanager.notification-queue-capacity", &f->notification_queue_capacity, 10'000,
               "The capacity of the queue of alerts for each Alertmanager.");
  table.Number("alertmanager.notification-batch-size", &f->notification_batch_size, 256,
               "The maximum number of alerts in a request to an Alertmanager.");
  table.Bool("alertmanager.drain-notification-queue-on-shutdown", &f->drain_notification_queue,
             true,
             "Send what is queued, for up to 5 seconds, before shutting down or when an "
             "Alertmanager is removed.");
}

void DefineGeneralFlags(FlagTable& table, Flags* f) {
  table.Text("config.file", &f->config_file, "prometheus.yml", "Configuration file path.");
  table.Bool("config.auto-reload", &f->auto_reload, false,
             "Reload the configuration when it, or a file that it names, has changed.");
  table.Duration("config.auto-reload-interval", &f->auto_reload_interval_ms, "30s",
                 "How often --config.auto-reload looks; at least 1s.");
  table.Size(
      "memory-limit", &f->memory_limit_bytes, "",
      "Resident memory to stay below. Near it caches shrink, windows are flushed early, then "
      "new series are refused. 90 % of the control group's limit when not given. 0B: none.");
  table.Bool("scrape.adjust-timestamps", &f->adjust_timestamps, true,
             "Adjust scrape timestamps by up to the tolerance to align them to the schedule.");
  table.Duration("scrape.timestamp-tolerance", &f->timestamp_tolerance_ms, "2ms",
                 "Tolerance of --scrape.adjust-timestamps.");
  table.Text("log.level", &f->log_level, "info",
             "Only log messages with the given severity or above.");
  table.Text("log.format", &f->log_format, "logfmt",
             "Output format of log messages: logfmt or json.");
  table.List("enable-feature", &f->features, "",
             "Comma separated feature names to enable. Can be repeated.");
}

// Prometheus' flags that have no effect here yet or ever; docs/differences.md says which.
void DefineFlagsWithoutMeaning(FlagTable& table) {
  for (const char* name :
       {"auto-gomaxprocs", "auto-gomemlimit", "storage.tsdb.no-lockfile",
        "storage.tsdb.wal-compression", "storage.tsdb.allow-overlapping-compaction",
        "web.enable-otlp-receiver"}) {
    table.WithoutMeaning(name, /*boolean=*/true, "");
  }
  static constexpr std::pair<const char*, const char*> kValued[] = {
      {"web.console.libraries", "console_libraries"},
      {"web.console.templates", "consoles"},
      {"web.config.file", ""},
      {"web.user-assets", ""},
      {"web.max-notifications-subscribers", "16"},
      {"web.search.max-limit", "10000"},
      {"web.remote-write-receiver.accepted-protobuf-messages", "prometheus.WriteRequest"},
      {"auto-gomemlimit.ratio", "0.9"},
      {"auto-gomemlimit.refresh-interval", "0s"},
      {"storage.tsdb.head-chunks-write-queue-size", "0"},
      {"storage.tsdb.delay-compact-file.path", ""},
      {"storage.tsdb.min-block-duration", "2h"},
      {"storage.tsdb.max-block-duration", "3d"},
      {"storage.tsdb.max-block-chunk-segment-size", "512MB"},
      {"storage.tsdb.wal-segment-size", "128MB"},
      {"storage.tsdb.wal-compression-type", "snappy"},
      {"storage.tsdb.samples-per-chunk", "120"},
      {"storage.tsdb.block-reload-interval", "1m"},
      {"storage.tsdb.delayed-compaction.max-percent", "10"},
      {"storage.remote.flush-deadline", "1m"},
      {"storage.remote.read-sample-limit", "50000000"},
      {"storage.remote.read-concurrent-limit", "10"},
      {"storage.remote.read-max-bytes-in-frame", "1048576"},
      {"scrape.discovery-reload-interval", "5s"},
  };
  for (const auto& [name, value] : kValued) table.WithoutMeaning(name, /*boolean=*/false, value);
}

absl::Status CheckValues(const Flags& flags) {
  const auto one_of = [](const std::string& value, std::initializer_list<std::string_view> choices,
                         std::string_view flag) -> absl::Status {
    if (std::find(choices.begin(), choices.end(), value) != choices.end()) return absl::OkStatus();
    std::string all;
    for (const std::string_view choice : choices) StrAppend(&all, all.empty() ? "" : ", ", choice);
    return absl::InvalidArgumentError(StrCat("--", flag, "=", value, ": must be one of ", all));
  };
  HEARTH_RETURN_IF_ERROR(one_of(flags.log_level, {"debug", "info", "warn", "error"}, "log.level"));
  HEARTH_RETURN_IF_ERROR(one_of(flags.log_format, {"logfmt", "json"}, "log.format"));
  if (flags.query_max_concurrency < 1) {
    return absl::InvalidArgumentError("--query.max-concurrency must be at least 1");
  }
  if (flags.query_max_samples < 1)
    return absl::InvalidArgumentError("--query.max-samples must be at least 1");
  if (flags.auto_reload && flags.auto_reload_interval_ms < 1000)
    return absl::InvalidArgumentError("--config.auto-reload-interval must be at least 1s");
  if (flags.max_connections < 1)
    return absl::InvalidArgumentError("--web.max-connections must be at least 1");
  if (flags.rules_max_concurrent_evals < 1)
    return absl::InvalidArgumentError("--rules.max-concurrent-evals must be at least 1");
  if (flags.notification_queue_capacity < 1)
    return absl::InvalidArgumentError(
        "--alertmanager.notification-queue-capacity must be at least 1");
  if (flags.notification_batch_size < 1)
    return absl::InvalidArgumentError("--alertmanager.notification-batch-size must be at least 1");
  if (flags.memory_limit_bytes > 0 && flags.memory_limit_bytes < kMemoryLimitMin)
    return absl::InvalidArgumentError("--memory-limit must be 0B or at least 48MB");
  if (flags.lookback_delta_ms < 1)
    return absl::InvalidArgumentError("--query.lookback-delta must be positive");
  return absl::OkStatus();
}

void ApplyDefaultsThatDepend(Flags* flags) {
  if (flags->retention_ms == 0 && flags->retention_bytes == 0) {
    flags->retention_ms = kDefaultRetentionMs;
    flags->as_text["storage.tsdb.retention.time"] = "30d";
  }
  std::vector<std::string> features;
  for (const std::string& list : flags->features) {
    for (absl::string_view name : absl::StrSplit(list, ',', absl::SkipWhitespace()))
      features.emplace_back(name);
  }
  flags->features = std::move(features);
  flags->auto_reload |= flags->HasFeature("auto-reload-config");  // The flag's name of old.
  for (std::string& address : flags->listen_addresses) {
    if (absl::StartsWith(address, ":")) address = "0.0.0.0" + address;
  }
}

// CLI11's text, cut to the one line that says what is wrong.
absl::Status UserError(const CLI::ParseError& error) {
  const std::string text = error.what();
  return absl::InvalidArgumentError(
      StrCat("command line: ", text.substr(0, text.find('\n')), " (try --help)"));
}

}  // namespace

bool Flags::HasFeature(std::string_view name) const {
  return std::find(features.begin(), features.end(), name) != features.end();
}

std::vector<std::string> Flags::FeaturesWithoutEffect() const {
  // What Server asks for with HasFeature.
  static constexpr std::string_view kWithEffect[] = {"auto-reload-config",
                                                     "concurrent-rule-eval",
                                                     "created-timestamp-zero-ingestion",
                                                     "exemplar-storage",
                                                     "promql-binop-fill-modifiers",
                                                     "promql-delayed-name-removal",
                                                     "promql-experimental-functions",
                                                     "promql-extended-range-selectors",
                                                     "promql-per-step-stats",
                                                     "use-start-timestamps"};
  std::vector<std::string> others;
  for (const std::string& feature : features) {
    if (std::find(std::begin(kWithEffect), std::end(kWithEffect), feature) ==
        std::end(kWithEffect)) {
      others.push_back(feature);
    }
  }
  return others;
}

absl::StatusOr<CommandLine> ParseCommandLine(int argc, const char* const* argv) {
  CommandLine command;
  CLI::App app("The Hearth monitoring server");
  app.set_help_flag("-h,--help", "Show this help.");
  bool version = false;
  app.add_flag("--version", version, "Show application version.");
  FlagTable table(&app);
  DefineGeneralFlags(table, &command.flags);
  DefineWebFlags(table, &command.flags);
  DefineStorageFlags(table, &command.flags);
  DefineQueryFlags(table, &command.flags);
  DefineRuleFlags(table, &command.flags);
  DefineNotificationFlags(table, &command.flags);
  DefineFlagsWithoutMeaning(table);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    command.print_and_exit = app.help();
    return command;
  } catch (const CLI::ParseError& error) {
    return UserError(error);
  }
  if (version) {
    command.print_and_exit = StrCat("hearth, version ", kHearthVersion,
                                    " (compatible with Prometheus ", kPrometheusVersion, ")\n");
    return command;
  }
  HEARTH_RETURN_IF_ERROR(table.Finish(&command.flags));
  ApplyDefaultsThatDepend(&command.flags);
  HEARTH_RETURN_IF_ERROR(CheckValues(command.flags));
  return command;
}

}  // namespace hearth
