#include "config/validate.h"

#include <algorithm>
#include <set>

#include "config/checking.h"
#include "config/checks.h"
#include "config/fields.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth {
namespace {

constexpr std::string_view kProtocols[] = {"OpenMetricsText0.0.1", "OpenMetricsText1.0.0",
                                           "PrometheusProto", "PrometheusText0.0.4",
                                           "PrometheusText1.0.0"};
constexpr std::string_view kSupported =
    "[OpenMetricsText0.0.1 OpenMetricsText1.0.0 PrometheusProto PrometheusText0.0.4 "
    "PrometheusText1.0.0]";
// The default. Protobuf comes first where native histograms are asked for.
constexpr std::string_view kProtocolsInOrder[] = {"PrometheusProto", "OpenMetricsText1.0.0",
                                                  "OpenMetricsText0.0.1", "PrometheusText1.0.0",
                                                  "PrometheusText0.0.4"};

using config_internal::Invalid;
using config_internal::Quoted;

absl::Status CheckProtocol(std::string_view protocol) {
  if (std::find(std::begin(kProtocols), std::end(kProtocols), protocol) != std::end(kProtocols)) {
    return absl::OkStatus();
  }
  return Invalid(StrCat("unknown scrape protocol ", protocol, ", supported: ", kSupported));
}

absl::Status CheckProtocols(const std::vector<std::string>& protocols) {
  if (protocols.empty()) return Invalid("scrape_protocols cannot be empty");
  std::set<std::string_view> seen;
  for (const std::string& protocol : protocols) {
    if (absl::Status s = CheckProtocol(protocol); !s.ok()) {
      return Invalid(StrCat("scrape_protocols: ", FromAbsl(s.message())));
    }
    if (!seen.insert(protocol).second) {
      std::string all;
      for (const std::string& p : protocols) StrAppend(&all, all.empty() ? "" : " ", p);
      return Invalid(StrCat("duplicated protocol in scrape_protocols, got [", all, "]"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckNameSchemes(const ScrapeFormats& formats) {
  const std::string& validation = formats.metric_name_validation_scheme;
  if (!validation.empty() && validation != "utf8" && validation != "legacy") {
    return Invalid(StrCat("unrecognized ValidationScheme: ", Quoted(validation)));
  }
  const std::string& escaping = formats.metric_name_escaping_scheme;
  if (escaping.empty()) return absl::OkStatus();
  if (escaping == "allow-utf-8") {
    if (validation == "legacy")
      return Invalid("utf8 metric names requested but validation scheme is not set to UTF8");
    return absl::OkStatus();
  }
  if (escaping != "underscores" && escaping != "dots" && escaping != "values") {
    return Invalid(StrCat("unknown escaping method name ", Quoted(escaping),
                          ", must be one of 'allow-utf-8', 'underscores', 'dots', or 'values'"));
  }
  return absl::OkStatus();
}

void InheritLimits(const ScrapeLimits& global, ScrapeLimits* limits) {
  const auto inherit = [](uint64_t from, uint64_t* to) {
    if (*to == 0) *to = from;
  };
  if (limits->body_size_limit.bytes == 0) limits->body_size_limit = global.body_size_limit;
  inherit(global.sample_limit, &limits->sample_limit);
  inherit(global.target_limit, &limits->target_limit);
  inherit(global.label_limit, &limits->label_limit);
  inherit(global.label_name_length_limit, &limits->label_name_length_limit);
  inherit(global.label_value_length_limit, &limits->label_value_length_limit);
  inherit(global.keep_dropped_targets, &limits->keep_dropped_targets);
}

void InheritFormats(const ScrapeFormats& global, ScrapeFormats* formats) {
  if (formats->metric_name_validation_scheme.empty()) {
    formats->metric_name_validation_scheme = global.metric_name_validation_scheme;
  }
  if (formats->metric_name_escaping_scheme.empty()) {
    formats->metric_name_escaping_scheme =
        !global.metric_name_escaping_scheme.empty()          ? global.metric_name_escaping_scheme
        : formats->metric_name_validation_scheme == "legacy" ? "underscores"
                                                             : "allow-utf-8";
  }
  const auto inherit = [](const std::optional<bool>& from, std::optional<bool>* to) {
    if (!*to) *to = from.value_or(false);
  };
  inherit(global.scrape_native_histograms, &formats->scrape_native_histograms);
  inherit(global.convert_classic_histograms_to_nhcb, &formats->convert_classic_histograms_to_nhcb);
  inherit(global.always_scrape_classic_histograms, &formats->always_scrape_classic_histograms);
  inherit(global.extra_scrape_metrics, &formats->extra_scrape_metrics);
  if (formats->scrape_protocols.empty()) formats->scrape_protocols = global.scrape_protocols;
  if (formats->scrape_protocols.empty()) {
    formats->scrape_protocols = DefaultScrapeProtocols(*formats->scrape_native_histograms);
  }
}

// Label names of relabelling under the legacy scheme; the sections themselves were checked for
// UTF-8.
absl::Status CheckLegacyRelabelling(const ScrapeConfig& scrape) {
  if (scrape.formats.metric_name_validation_scheme != "legacy") return absl::OkStatus();
  for (const auto* rules : {&scrape.relabel_configs, &scrape.metric_relabel_configs}) {
    for (const RelabelConfig& rule : *rules) {
      HEARTH_RETURN_IF_ERROR(ValidateRelabelConfig(rule, /*utf8_names=*/false));
    }
  }
  return absl::OkStatus();
}

// A path with at most one `*`, in its last part.
bool IsPathPattern(std::string_view path) {
  const size_t star = path.find('*');
  return star == std::string_view::npos ||
         path.find_first_of("*/", star + 1) == std::string_view::npos;
}

absl::Status CheckNames(const Config& config) {
  for (const std::string& path : config.rule_files) {
    if (!IsPathPattern(path)) return Invalid(StrCat("invalid rule file path ", Quoted(path)));
  }
  for (const std::string& path : config.scrape_config_files) {
    if (!IsPathPattern(path))
      return Invalid(StrCat("invalid scrape config file path ", Quoted(path)));
  }
  std::set<std::string_view> jobs, writers, readers;
  for (const ScrapeConfig& scrape : config.scrape_configs) {
    if (!jobs.insert(scrape.job_name).second) {
      return Invalid(
          StrCat("found multiple scrape configs with job name ", Quoted(scrape.job_name)));
    }
  }
  for (const RemoteWriteConfig& write : config.remote_write) {
    if (!write.name.empty() && !writers.insert(write.name).second) {
      return Invalid(
          StrCat("found multiple remote write configs with job name ", Quoted(write.name)));
    }
  }
  for (const RemoteReadConfig& read : config.remote_read) {
    if (!read.name.empty() && !readers.insert(read.name).second) {
      return Invalid(
          StrCat("found multiple remote read configs with job name ", Quoted(read.name)));
    }
  }
  return absl::OkStatus();
}

// The discovery sections whose targets are found; a warning names the others when they are used.
constexpr std::string_view kRunningDiscovery[] = {
    "consul_sd_configs", "dns_sd_configs",  "docker_sd_configs",     "dockerswarm_sd_configs",
    "file_sd_configs",   "http_sd_configs", "kubernetes_sd_configs", "static_configs"};

// A visitor of DiscoveryConfigs' Fields: the keys of what was given and is not run.
class IdleDiscovery {
 public:
  template <typename T>
  void Discovery(std::string_view key, std::vector<T>* field) {
    const auto running = std::find(std::begin(kRunningDiscovery), std::end(kRunningDiscovery), key);
    if (!field->empty() && running == std::end(kRunningDiscovery)) keys_.emplace(key);
  }
  const std::set<std::string>& keys() const { return keys_; }

 private:
  std::set<std::string> keys_;
};

absl::Status CompleteGlobal(GlobalConfig* global) {
  HEARTH_RETURN_IF_ERROR(Check(*global));
  ScrapeFormats& formats = global->formats;
  HEARTH_RETURN_IF_ERROR(CheckNameSchemes(formats));
  if (formats.metric_name_validation_scheme.empty()) formats.metric_name_validation_scheme = "utf8";
  // Left empty when not given: each scrape configuration then has its own default.
  if (formats.scrape_protocols.empty()) return absl::OkStatus();
  if (absl::Status s = CheckProtocols(formats.scrape_protocols); !s.ok()) {
    return Invalid(StrCat(FromAbsl(s.message()), " for global config"));
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<std::string> DefaultScrapeProtocols(bool protobuf_first) {
  return {std::begin(kProtocolsInOrder) + (protobuf_first ? 0 : 1), std::end(kProtocolsInOrder)};
}

absl::Status CompleteScrapeConfig(const GlobalConfig& global, ScrapeConfig* scrape) {
  const std::string for_job = StrCat(" for scrape config with job name ", Quoted(scrape->job_name));
  if (scrape->scrape_interval.ms == 0) scrape->scrape_interval = global.scrape_interval;
  if (scrape->scrape_timeout.ms > scrape->scrape_interval.ms) {
    return Invalid(StrCat("scrape timeout greater than scrape interval", for_job));
  }
  if (scrape->scrape_timeout.ms == 0) {
    scrape->scrape_timeout.ms = std::min(global.scrape_timeout.ms, scrape->scrape_interval.ms);
  }
  InheritLimits(global.limits, &scrape->limits);
  if (scrape->scrape_failure_log_file.empty())
    scrape->scrape_failure_log_file = global.scrape_failure_log_file;
  InheritFormats(global.formats, &scrape->formats);
  if (absl::Status s = CheckProtocols(scrape->formats.scrape_protocols); !s.ok()) {
    return Invalid(StrCat(FromAbsl(s.message()), for_job));
  }
  if (!scrape->fallback_scrape_protocol.empty()) {
    if (absl::Status s = CheckProtocol(scrape->fallback_scrape_protocol); !s.ok()) {
      return Invalid(
          StrCat("invalid fallback_scrape_protocol", for_job, ": ", FromAbsl(s.message())));
    }
  }
  if (absl::Status s = CheckNameSchemes(scrape->formats); !s.ok()) {
    return Invalid(StrCat(FromAbsl(s.message()), for_job));
  }
  return CheckLegacyRelabelling(*scrape);
}

absl::Status CompleteConfig(Config* config) {
  HEARTH_RETURN_IF_ERROR(CompleteGlobal(&config->global));
  HEARTH_RETURN_IF_ERROR(CheckNames(*config));
  for (ScrapeConfig& scrape : config->scrape_configs) {
    HEARTH_RETURN_IF_ERROR(CompleteScrapeConfig(config->global, &scrape));
  }
  const bool legacy = config->global.formats.metric_name_validation_scheme == "legacy";
  if (config->otlp && legacy &&
      (config->otlp->translation_strategy == "NoUTF8EscapingWithSuffixes" ||
       config->otlp->translation_strategy == "NoTranslation")) {
    return Invalid(StrCat("OTLP translation strategy ", Quoted(config->otlp->translation_strategy),
                          " is not allowed when UTF8 is disabled"));
  }
  return absl::OkStatus();
}

absl::Status CheckAgentMode(const Config& config) {
  if (!config.alerting.alertmanagers.empty() || !config.alerting.alert_relabel_configs.empty())
    return Invalid("field alerting is not allowed in agent mode");
  if (!config.rule_files.empty()) return Invalid("field rule_files is not allowed in agent mode");
  if (!config.remote_read.empty()) return Invalid("field remote_read is not allowed in agent mode");
  if (config.remote_write.empty())
    return Invalid("at least one remote_write target must be specified in agent mode");
  return absl::OkStatus();
}

std::vector<std::string> UnsupportedWarnings(const Config& config) {
  std::vector<std::string> warnings;
  const auto note = [&](bool present, std::string_view what) {
    if (present) warnings.push_back(StrCat(what, " is accepted but has no effect in this version"));
  };
  IdleDiscovery idle;
  bool assertions = false, sigv4 = false;
  const auto look_at = [&](const DiscoveryConfigs& discovery, const HttpClientConfig& http) {
    DiscoveryConfigs copy = discovery;  // Fields takes a mutable struct, since the reader fills it.
    Fields(idle, copy);
    assertions |= http.oauth2 && http.oauth2->grant_type == kJwtBearerGrant;
  };
  for (const ScrapeConfig& scrape : config.scrape_configs) look_at(scrape.discovery, scrape.http);
  for (const AlertmanagerConfig& am : config.alerting.alertmanagers) {
    look_at(am.discovery, am.http);
    sigv4 |= am.sigv4.has_value();
  }
  for (const std::string& key : idle.keys()) {
    warnings.push_back(
        StrCat("service discovery ", key, " is accepted but finds no targets in this version"));
  }
  if (assertions) {
    warnings.push_back(
        StrCat("oauth2 grant_type ", kJwtBearerGrant,
               " is accepted but not supported in this version: what needs it fails"));
  }
  note(sigv4, "alerting.alertmanagers.sigv4");
  note(!config.remote_write.empty(), "remote_write");
  note(!config.remote_read.empty(), "remote_read");
  note(config.tracing.has_value(), "tracing");
  note(config.otlp.has_value(), "otlp");
  if (config.storage.tsdb) {
    note(config.storage.tsdb->stale_series_compaction_threshold != 0,
         "storage.tsdb.stale_series_compaction_threshold");
  }
  return warnings;
}

}  // namespace hearth
