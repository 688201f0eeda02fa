#include "scrape/target.h"

#include <algorithm>
#include <map>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "config/duration.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth {
namespace {

constexpr std::string_view kAddress = "__address__";
constexpr std::string_view kScheme = "__scheme__";
constexpr std::string_view kMetricsPath = "__metrics_path__";
constexpr std::string_view kInterval = "__scrape_interval__";
constexpr std::string_view kTimeout = "__scrape_timeout__";
constexpr std::string_view kParamPrefix = "__param_";
constexpr std::string_view kMetaPrefix = "__meta_";

bool StartsWith(std::string_view s, std::string_view prefix) {
  return s.substr(0, prefix.size()) == prefix;
}

std::string Quoted(std::string_view s) {
  std::string out;
  AppendQuoted(s, &out);
  return out;
}

// The labels that stand for the configuration, unless discovery has set them.
void AddConfigLabels(const ScrapeConfig& config, LabelsBuilder* labels) {
  const auto set = [&](std::string_view name, std::string_view value) {
    if (labels->Get(name).empty()) labels->Set(name, value);
  };
  set("job", config.job_name);
  set(kInterval, FormatDuration(config.scrape_interval.ms));
  set(kTimeout, FormatDuration(config.scrape_timeout.ms));
  set(kMetricsPath, config.metrics_path);
  set(kScheme, config.scheme);
  for (const auto& [name, values] : config.params) {
    if (!values.empty()) set(StrCat(kParamPrefix, name), values[0]);
  }
}

bool IsUnreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == '~';
}

void AppendPercent(char c, std::string* out) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  out->push_back('%');
  out->push_back(kHex[byte >> 4]);
  out->push_back(kHex[byte & 15]);
}

void AppendQueryEscaped(std::string_view text, std::string* out) {
  for (const char c : text) {
    if (IsUnreserved(c)) {
      out->push_back(c);
    } else if (c == ' ') {
      out->push_back('+');
    } else {
      AppendPercent(c, out);
    }
  }
}

// As Go writes the path of a URL: what looks like a query or an escape is part of the path.
void AppendPathEscaped(std::string_view path, std::string* out) {
  constexpr std::string_view kPlain = "$&+,/:;=@";
  for (const char c : path) {
    if (IsUnreserved(c) || kPlain.find(c) != std::string_view::npos) {
      out->push_back(c);
    } else {
      AppendPercent(c, out);
    }
  }
}

// `__param_x` replaces the first value of parameter x.
std::string MakeUrl(const ScrapeConfig& config, const LabelsBuilder& labels) {
  std::map<std::string, std::vector<std::string>> params = config.params;
  labels.ForEach([&](std::string_view name, std::string_view value) {
    if (!StartsWith(name, kParamPrefix)) return;
    std::vector<std::string>& values = params[std::string(name.substr(kParamPrefix.size()))];
    if (values.empty()) values.emplace_back();
    values[0] = value;
  });
  const std::string_view path = labels.Get(kMetricsPath);
  std::string url =
      StrCat(labels.Get(kScheme), "://", labels.Get(kAddress), StartsWith(path, "/") ? "" : "/");
  AppendPathEscaped(path, &url);
  char separator = '?';
  for (const auto& [name, values] : params) {
    for (const std::string& value : values) {
      url.push_back(separator);
      separator = '&';
      AppendQueryEscaped(name, &url);
      url.push_back('=');
      AppendQueryEscaped(value, &url);
    }
  }
  return url;
}

absl::Status ParseTimes(const LabelsBuilder& labels, TargetLabels* target) {
  const auto parse = [&](std::string_view label, std::string_view what) -> absl::StatusOr<TimeMs> {
    const auto ms = ParseDuration(labels.Get(label));
    if (!ms.ok()) {
      return absl::InvalidArgumentError(
          StrCat("error parsing scrape ", what, ": ", FromAbsl(ms.status().message())));
    }
    if (*ms == 0) return absl::InvalidArgumentError(StrCat("scrape ", what, " cannot be 0"));
    return *ms;
  };
  HEARTH_ASSIGN_OR_RETURN(target->interval_ms, parse(kInterval, "interval"));
  HEARTH_ASSIGN_OR_RETURN(target->timeout_ms, parse(kTimeout, "timeout"));
  if (target->timeout_ms > target->interval_ms) {
    return absl::InvalidArgumentError(
        StrCat("scrape timeout cannot be greater than scrape interval (",
               Quoted(labels.Get(kTimeout)), " > ", Quoted(labels.Get(kInterval)), ")"));
  }
  return absl::OkStatus();
}

uint64_t IdentityOf(const Labels& labels, const std::string& url) {
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  XXH3_64bits_update(&state, labels.bytes().data(), labels.bytes().size());
  XXH3_64bits_update(&state, url.data(), url.size());
  return XXH3_64bits_digest(&state);
}

bool IsLoopback(std::string_view host) {
  return host == "localhost" || host == "127.0.0.1" || host == "[::1]" || host == "::1";
}

}  // namespace

absl::StatusOr<TargetLabels> MakeTargetLabels(const ScrapeConfig& config,
                                              const std::vector<RelabelRule>& rules,
                                              LabelsView discovered) {
  LabelsBuilder labels(discovered);
  AddConfigLabels(config, &labels);
  TargetLabels made;
  made.discovered = labels.Build();
  if (!Relabel(rules, &labels) || labels.empty()) return made;

  const std::string_view address = labels.Get(kAddress);
  if (address.empty()) return absl::InvalidArgumentError("no address");
  if (address.find('/') != std::string_view::npos) {
    return absl::InvalidArgumentError(StrCat(Quoted(address), " is not a valid hostname"));
  }
  HEARTH_RETURN_IF_ERROR(ParseTimes(labels, &made));
  if (labels.Get("instance").empty()) labels.Set("instance", std::string(address));
  absl::Status invalid;
  std::vector<std::string> meta;
  labels.ForEach([&](std::string_view name, std::string_view value) {
    if (StartsWith(name, kMetaPrefix)) meta.emplace_back(name);
    if (!IsValidUtf8(value)) {
      invalid = absl::InvalidArgumentError(
          StrCat("invalid label value for ", Quoted(name), ": ", Quoted(value)));
    }
  });
  HEARTH_RETURN_IF_ERROR(invalid);
  labels.Drop(meta);
  made.relabelled = labels.Build();
  return made;
}

absl::StatusOr<TargetOutcome> MakeTarget(const ScrapeConfig& config,
                                         const std::vector<RelabelRule>& rules,
                                         LabelsView discovered) {
  HEARTH_ASSIGN_OR_RETURN(TargetLabels made, MakeTargetLabels(config, rules, discovered));
  TargetOutcome outcome;
  outcome.discovered_labels = std::move(made.discovered);
  if (!made.relabelled) return outcome;
  LabelsBuilder labels(*made.relabelled);
  Target target;
  target.interval_ms = made.interval_ms;
  target.timeout_ms = made.timeout_ms;
  target.url = MakeUrl(config, labels);
  labels.Del(kInterval).Del(kTimeout);
  target.identity = IdentityOf(labels.Build(), target.url);
  std::vector<std::string> hidden;
  labels.ForEach([&](std::string_view name, std::string_view) {
    if (StartsWith(name, "__")) hidden.emplace_back(name);
  });
  labels.Drop(hidden);
  target.labels = labels.Build();
  target.discovered_labels = outcome.discovered_labels;
  outcome.target = std::move(target);
  return outcome;
}

std::string GlobalUrl(const std::string& url, const std::string& external_host) {
  const size_t start = url.find("://");
  if (external_host.empty() || start == std::string::npos) return url;
  const size_t host_at = start + 3;
  const size_t end = std::min(url.find_first_of("/?", host_at), url.size());
  const std::string_view authority(url.data() + host_at, end - host_at);
  const size_t colon = authority.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
  const std::string_view host = authority.substr(0, has_port ? colon : authority.size());
  if (!IsLoopback(host)) return url;
  const std::string_view name = std::string_view(external_host).substr(0, external_host.rfind(':'));
  return StrCat(std::string_view(url).substr(0, host_at), name,
                has_port ? authority.substr(colon) : std::string_view(),
                std::string_view(url).substr(end));
}

}  // namespace hearth
