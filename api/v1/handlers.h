// api/v1/handlers.h
//
// One function an endpoint; route_table.cc says which belongs to what.
//
// Thread safety: all may run on several threads at once.
#ifndef HEARTH_API_V1_HANDLERS_H_
#define HEARTH_API_V1_HANDLERS_H_

#include <optional>
#include <string>

#include "api/v1/dependencies.h"
#include "api/v1/json_writer.h"
#include "api/v1/label_answers.h"
#include "http/message.h"

namespace hearth {

// One request on its way to a handler.
struct ApiCall {
  const ApiDependencies& deps;
  LabelAnswers& label_answers;
  const http::Request& request;
  http::Params params;         // Of the URL and of the form.
  std::string path_parameter;  // What `:name` in the pattern stood for.
};

using ApiHandler = http::Response (*)(const ApiCall&);
// An answer that takes no waiting and no more than a few ten microseconds; else none, and the
// handler is for a worker.
using AtOnceHandler = std::optional<http::Response> (*)(const ApiCall&);

// query_handlers.cc
http::Response HandleQuery(const ApiCall& call);
http::Response HandleQueryRange(const ApiCall& call);

// exemplar_handlers.cc
http::Response HandleQueryExemplars(const ApiCall& call);

// parse_handlers.cc
http::Response HandleFormatQuery(const ApiCall& call);
http::Response HandleParseQuery(const ApiCall& call);

// label_handlers.cc
http::Response HandleSeries(const ApiCall& call);
http::Response HandleLabels(const ApiCall& call);
http::Response HandleLabelValues(const ApiCall& call);
// What LabelAnswers has.
std::optional<http::Response> SeriesAtOnce(const ApiCall& call);
std::optional<http::Response> LabelsAtOnce(const ApiCall& call);
std::optional<http::Response> LabelValuesAtOnce(const ApiCall& call);

// target_handlers.cc
http::Response HandleTargets(const ApiCall& call);
http::Response HandleTargetsMetadata(const ApiCall& call);
http::Response HandleMetadata(const ApiCall& call);

// rule_handlers.cc
http::Response HandleRules(const ApiCall& call);
http::Response HandleAlerts(const ApiCall& call);

// pool_handlers.cc
http::Response HandleScrapePools(const ApiCall& call);
http::Response HandleScrapePoolConfig(const ApiCall& call);
http::Response HandleRelabelSteps(const ApiCall& call);

// alertmanager_handlers.cc
http::Response HandleAlertmanagers(const ApiCall& call);

// status_handlers.cc
// The object that /version and /api/v1/status/buildinfo share.
void WriteBuildInfo(const BuildInfo& build, JsonWriter* json);
http::Response HandleBuildInfo(const ApiCall& call);
http::Response HandleRuntimeInfo(const ApiCall& call);
http::Response HandleConfig(const ApiCall& call);
http::Response HandleFlags(const ApiCall& call);
http::Response HandleTsdbStatus(const ApiCall& call);
http::Response HandleWalReplay(const ApiCall& call);

// admin_handlers.cc
http::Response HandleDeleteSeries(const ApiCall& call);
http::Response HandleCleanTombstones(const ApiCall& call);
http::Response HandleSnapshot(const ApiCall& call);
http::Response HandleCompact(const ApiCall& call);

// page_handlers.cc
http::Response HandleWrite(const ApiCall& call);
http::Response HandleHealthy(const ApiCall& call);
http::Response HandleReady(const ApiCall& call);
http::Response HandleReload(const ApiCall& call);
http::Response HandleQuit(const ApiCall& call);
http::Response HandleMetrics(const ApiCall& call);
http::Response HandleVersion(const ApiCall& call);
http::Response HandleRoot(const ApiCall& call);
http::Response HandleGraph(const ApiCall& call);
http::Response HandleQueryPage(const ApiCall& call);

// 503 with X-Prometheus-Stopping, for what cannot be answered before the server is ready.
http::Response NotReadyResponse(Readiness readiness);

}  // namespace hearth

#endif  // HEARTH_API_V1_HANDLERS_H_
