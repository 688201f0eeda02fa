#include "api/v1/route_table.h"

#include "model/text.h"

namespace hearth {
namespace {

using http::Lane;

constexpr size_t kForm = size_t{10} << 20;   // A form as large as Go's net/http takes.
constexpr size_t kWrite = size_t{32} << 20;  // RemoteWriteOptions::body_bytes_max.

// What may wait for a lock is not inline; what must answer while slow queries fill their lane is in
// the ingest lane.
// clang-format off
constexpr Route kRoutes[] = {
    {kGet | kPost, "/api/v1/query",               HandleQuery,           Lane::kEngine, kForm,  true},
    {kGet | kPost, "/api/v1/query_range",         HandleQueryRange,      Lane::kEngine, kForm,  true},
    {kGet | kPost, "/api/v1/query_exemplars",     HandleQueryExemplars,  Lane::kQuery,  kForm,  true},
    {kGet | kPost, "/api/v1/format_query",        HandleFormatQuery,     Lane::kQuery,  kForm,  true},
    {kGet | kPost, "/api/v1/parse_query",         HandleParseQuery,      Lane::kQuery,  kForm,  true},
    {kGet | kPost, "/api/v1/series",              HandleSeries,          Lane::kQuery,  kForm,  true, SeriesAtOnce},
    {kGet | kPost, "/api/v1/labels",              HandleLabels,          Lane::kQuery,  kForm,  true, LabelsAtOnce},
    {kGet,         "/api/v1/label/:name/values",  HandleLabelValues,     Lane::kQuery,  0,      true, LabelValuesAtOnce},
    {kGet,         "/api/v1/targets",             HandleTargets,         Lane::kQuery,  0,      true},
    {kGet,         "/api/v1/targets/metadata",    HandleTargetsMetadata, Lane::kQuery,  0,      true},
    {kGet,         "/api/v1/targets/relabel_steps", HandleRelabelSteps,  Lane::kQuery,  0,      true},
    {kGet,         "/api/v1/metadata",            HandleMetadata,        Lane::kQuery,  0,      true},
    {kGet,         "/api/v1/scrape_pools",        HandleScrapePools,     Lane::kIngest, 0,      true},
    {kGet,         "/api/v1/scrape_pools/config", HandleScrapePoolConfig, Lane::kQuery, 0,     true},
    {kGet,         "/api/v1/alertmanagers",       HandleAlertmanagers,   Lane::kIngest, 0,      true},
    {kGet,         "/api/v1/rules",               HandleRules,           Lane::kIngest, 0,      true},
    {kGet,         "/api/v1/alerts",              HandleAlerts,          Lane::kIngest, 0,      true},
    {kGet,         "/api/v1/status/buildinfo",    HandleBuildInfo,       Lane::kInline, 0,      true},
    {kGet,         "/api/v1/status/runtimeinfo",  HandleRuntimeInfo,     Lane::kIngest, 0,      true},
    {kGet,         "/api/v1/status/config",       HandleConfig,          Lane::kIngest, 0,      true},
    {kGet,         "/api/v1/status/flags",        HandleFlags,           Lane::kInline, 0,      true},
    {kGet,         "/api/v1/status/tsdb",         HandleTsdbStatus,      Lane::kQuery,  0,      true},
    {kGet,         "/api/v1/status/walreplay",    HandleWalReplay,       Lane::kInline, 0,      false},
    {kPost | kPut, "/api/v1/admin/tsdb/delete_series",    HandleDeleteSeries,    Lane::kQuery, kForm, true},
    {kPost | kPut, "/api/v1/admin/tsdb/clean_tombstones", HandleCleanTombstones, Lane::kQuery, kForm, true},
    {kPost | kPut, "/api/v1/admin/tsdb/snapshot",         HandleSnapshot,        Lane::kQuery, kForm, true},
    {kPost | kPut, "/api/v1/admin/tsdb/compact",          HandleCompact,         Lane::kQuery, kForm, true},
    {kAnyMethod,   "/api/v1/write",               HandleWrite,           Lane::kIngest, kWrite, true},
    {kGet,         "/-/healthy",                  HandleHealthy,         Lane::kInline, 0,      false},
    {kGet,         "/-/ready",                    HandleReady,           Lane::kInline, 0,      false},
    {kAnyMethod,   "/-/reload",                   HandleReload,          Lane::kQuery,  kForm,  false},
    {kAnyMethod,   "/-/quit",                     HandleQuit,            Lane::kInline, kForm,  false},
    {kGet,         "/metrics",                    HandleMetrics,         Lane::kIngest, 0,      false},
    {kGet,         "/version",                    HandleVersion,         Lane::kInline, 0,      false},
    {kGet,         "/",                           HandleRoot,            Lane::kInline, 0,      false},
    {kGet,         "/graph",                      HandleGraph,           Lane::kInline, 0,      false},
    {kGet,         "/query",                      HandleQueryPage,       Lane::kInline, 0,      false},
};
// clang-format on

constexpr std::string_view kParameter = ":name";

bool Matches(std::string_view pattern, std::string_view path, std::string* parameter) {
  const size_t at = pattern.find(kParameter);
  if (at == std::string_view::npos) return pattern == path;
  const std::string_view before = pattern.substr(0, at);
  const std::string_view after = pattern.substr(at + kParameter.size());
  if (path.size() <= before.size() + after.size() || !path.starts_with(before) ||
      !path.ends_with(after)) {
    return false;
  }
  const std::string_view value =
      path.substr(before.size(), path.size() - before.size() - after.size());
  if (value.find('/') != std::string_view::npos) return false;
  parameter->assign(value);
  return true;
}

}  // namespace

std::span<const Route> Routes() { return kRoutes; }

const Route* FindRoute(std::string_view path, std::string* parameter) {
  for (const Route& route : kRoutes) {
    if (Matches(route.pattern, path, parameter)) return &route;
  }
  return nullptr;
}

std::string MethodList(unsigned methods) {
  std::string list;
  const auto add = [&](unsigned bit, std::string_view name) {
    if ((methods & bit) != 0) StrAppend(&list, list.empty() ? "" : ", ", name);
  };
  add(kGet, "GET");
  add(kPost, "POST");
  add(kPut, "PUT");
  return list;
}

bool MethodAllowed(unsigned methods, std::string_view method) {
  if ((methods & kAnyMethod) != 0) return true;
  if (method == "GET" || method == "HEAD") return (methods & kGet) != 0;
  if (method == "POST") return (methods & kPost) != 0;
  return method == "PUT" && (methods & kPut) != 0;
}

}  // namespace hearth
