#include "api/v1/envelope.h"
#include "api/v1/handlers.h"
#include "api/v1/parameters.h"
#include "model/text.h"

namespace hearth {
namespace {

constexpr size_t kTsdbStatusLimitMax = 10'000;
constexpr size_t kAllParts = 100;

void WriteNamedCounts(std::string_view key, const NamedCounts& counts, size_t limit,
                      JsonWriter* json) {
  json->Key(key).BeginArray();
  for (size_t i = 0; i < counts.size() && i < limit; ++i) {
    json->BeginObject().Key("name").String(counts[i].first);
    json->Key("value").Int(counts[i].second).EndObject();
  }
  json->EndArray();
}

}  // namespace

void WriteBuildInfo(const BuildInfo& build, JsonWriter* json) {
  (*json)
      .BeginObject()
      .Key("version")
      .String(build.version)
      .Key("revision")
      .String(build.revision)
      .Key("branch")
      .String(build.branch)
      .Key("buildUser")
      .String(build.build_user)
      .Key("buildDate")
      .String(build.build_date)
      .Key("goVersion")
      .String(build.compiler)
      .EndObject();
}

http::Response HandleBuildInfo(const ApiCall& call) {
  Envelope envelope;
  WriteBuildInfo(call.deps.build, &envelope.data());
  return envelope.Finish();
}

http::Response HandleRuntimeInfo(const ApiCall& call) {
  const RuntimeInfo info = call.deps.runtime_info();
  Envelope envelope;
  JsonWriter& json = envelope.data();
  json.BeginObject();
  json.Key("startTime").String(FormatRfc3339(info.start_time_ms));
  json.Key("CWD").String(info.working_directory);
  json.Key("hostname").String(info.hostname);
  json.Key("serverTime").String(FormatRfc3339(call.deps.clock->NowMs()));
  json.Key("reloadConfigSuccess").Bool(info.reload_config_success);
  json.Key("lastConfigTime").String(FormatRfc3339(info.last_config_time_ms));
  json.Key("corruptionCount").Int(info.corruption_count);
  json.Key("goroutineCount").Int(info.threads);
  json.Key("GOMAXPROCS").Int(info.cpus);
  json.Key("GOMEMLIMIT").Int(0);
  json.Key("GOGC").String("");
  json.Key("GODEBUG").String("");
  json.Key("storageRetention").String(info.storage_retention);
  json.EndObject();
  return envelope.Finish();
}

http::Response HandleConfig(const ApiCall& call) {
  Envelope envelope;
  envelope.data().BeginObject().Key("yaml").String(call.deps.config_yaml()).EndObject();
  return envelope.Finish();
}

http::Response HandleFlags(const ApiCall& call) {
  Envelope envelope;
  envelope.data().BeginObject();
  for (const auto& [name, value] : call.deps.flags) envelope.data().Key(name).String(value);
  envelope.data().EndObject();
  return envelope.Finish();
}

http::Response HandleTsdbStatus(const ApiCall& call) {
  const absl::StatusOr<size_t> limit = LimitParam(call.params, 10);
  if (!limit.ok() || *limit == 0) {
    return ErrorResponse(absl::InvalidArgumentError("limit must be a positive number"));
  }
  if (*limit > kTsdbStatusLimitMax) {
    return ErrorResponse(
        absl::InvalidArgumentError(StrCat("limit must not exceed ", kTsdbStatusLimitMax)));
  }
  const absl::StatusOr<TsdbStatus> status = call.deps.tsdb_status(*limit);
  if (!status.ok()) return ErrorResponse(status.status());
  Envelope envelope;
  JsonWriter& json = envelope.data();
  json.BeginObject().Key("headStats").BeginObject();
  json.Key("numSeries").Int(status->series);
  json.Key("numLabelPairs").Int(status->label_pairs);
  json.Key("chunkCount").Int(status->chunks);
  json.Key("minTime").Int(status->min_time_ms);
  json.Key("maxTime").Int(status->max_time_ms).EndObject();
  WriteNamedCounts("seriesCountByMetricName", status->series_by_metric_name, *limit, &json);
  WriteNamedCounts("labelValueCountByLabelName", status->values_by_label_name, *limit, &json);
  WriteNamedCounts("memoryInBytesByLabelName", status->bytes_by_label_name, *limit, &json);
  WriteNamedCounts("seriesCountByLabelValuePair", status->series_by_label_pair, *limit, &json);
  WriteNamedCounts("memoryInBytesByMetricName", status->memory_by_metric_name, *limit, &json);
  WriteNamedCounts("diskInBytesByMetricName", status->disk_by_metric_name, *limit, &json);
  json.Key("memory").BeginObject();
  json.Key("limitBytes").Int(status->memory_limit_bytes);
  json.Key("residentBytes").Int(status->memory_resident_bytes);
  json.Key("pressure").String(status->memory_pressure);
  WriteNamedCounts("bytesByPart", status->memory_by_part, kAllParts, &json);
  json.EndObject().Key("disk").BeginObject();
  WriteNamedCounts("bytesByPart", status->disk_by_part, kAllParts, &json);
  json.EndObject();
  json.EndObject();
  return envelope.Finish();
}

http::Response HandleWalReplay(const ApiCall& call) {
  const WalReplayStatus replay = call.deps.wal_replay();
  Envelope envelope;
  JsonWriter& json = envelope.data();
  json.BeginObject().Key("min").Int(replay.min).Key("max").Int(replay.max);
  json.Key("current").Int(replay.current).Key("state").String(replay.state).EndObject();
  return envelope.Finish();
}

}  // namespace hearth
