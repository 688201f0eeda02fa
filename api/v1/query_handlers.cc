#include <algorithm>
#include <utility>

#include "api/v1/envelope.h"
#include "api/v1/handlers.h"
#include "api/v1/parameters.h"
#include "api/v1/query_explanation.h"
#include "api/v1/query_stats.h"
#include "model/float_text.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth {
namespace {

using promql::QueryRequest;
using promql::QueryResult;
using promql::ResultSeries;
using promql::ValueType;

constexpr TimeMs kPointsMax = 11'000;

// What instant and range queries have in common.
absl::StatusOr<QueryRequest> CommonRequest(const ApiCall& call) {
  QueryRequest request;
  request.query.assign(call.params.Get("query"));
  HEARTH_ASSIGN_OR_RETURN(request.timeout_ms, DurationParam(call.params, "timeout"));
  HEARTH_ASSIGN_OR_RETURN(request.lookback_delta_ms, DurationParam(call.params, "lookback_delta"));
  if (request.lookback_delta_ms && *request.lookback_delta_ms <= 0) {
    return InvalidParameter("lookback_delta", "must be positive");
  }
  request.stats_by_step = call.params.Get("stats") == "all";
  request.no_cache = call.params.Get("nocache") == "1";
  request.explain = call.params.Get("explain") == "true";
  request.cancelled = [gone = call.request.cancelled] {
    return gone != nullptr && gone->load(std::memory_order_relaxed);
  };
  request.client.assign(http::ClientOf(call.request));
  request.origin = {.method = call.request.method, .path = call.request.path};
  return request;
}

absl::StatusOr<QueryRequest> InstantRequest(const ApiCall& call) {
  HEARTH_ASSIGN_OR_RETURN(QueryRequest request, CommonRequest(call));
  HEARTH_ASSIGN_OR_RETURN(request.start_ms,
                          TimeParam(call.params, "time", call.deps.clock->NowMs()));
  request.end_ms = request.start_ms;
  return request;
}

absl::StatusOr<QueryRequest> RangeRequest(const ApiCall& call) {
  const auto required = [&](std::string_view name) -> absl::StatusOr<TimeMs> {
    const absl::StatusOr<TimeMs> time = ParseTime(call.params.Get(name));
    if (!time.ok()) return InvalidParameter(name, FromAbsl(time.status().message()));
    return time;
  };
  HEARTH_ASSIGN_OR_RETURN(const TimeMs start, required("start"));
  HEARTH_ASSIGN_OR_RETURN(const TimeMs end, required("end"));
  if (end < start) {
    return InvalidParameter("end", "end timestamp must not be before start time");
  }
  const absl::StatusOr<TimeMs> step = ParseSecondsOrDuration(call.params.Get("step"));
  if (!step.ok()) return InvalidParameter("step", FromAbsl(step.status().message()));
  if (*step <= 0) {
    return InvalidParameter("step",
                            "zero or negative query resolution step widths are not accepted. Try "
                            "a positive integer");
  }
  // The difference of any two int64 fits in uint64.
  if ((static_cast<uint64_t>(end) - static_cast<uint64_t>(start)) / static_cast<uint64_t>(*step) >
      static_cast<uint64_t>(kPointsMax)) {
    return absl::InvalidArgumentError(
        "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query "
        "resolution (?step=XX)");
  }
  HEARTH_ASSIGN_OR_RETURN(QueryRequest request, CommonRequest(call));
  request.start_ms = start;
  request.end_ms = end;
  request.step_ms = *step;
  return request;
}

void WriteVector(const std::vector<ResultSeries>& vector, JsonWriter* json) {
  json->BeginArray();
  for (const ResultSeries& series : vector) {
    json->BeginObject().Key("metric").LabelSet(series.labels);
    if (!series.floats.empty()) {
      json->Key("value").Point(series.floats[0].t, series.floats[0].v);
    } else if (!series.histograms.empty()) {
      json->Key("histogram").Point(series.histogram_t[0], *series.histograms[0]);
    }
    json->EndObject();
  }
  json->EndArray();
}

// What a point and a series take in an answer, rounded up: memory that is not written costs
// nothing.
constexpr size_t kPointBytes = 40, kSeriesBytes = 64, kHistogramBytes = 100, kBucketBytes = 90;
constexpr size_t kReserveBytesMax = size_t{64} << 20;
// A string that grows is copied: both are there for a moment.
constexpr size_t kGrowingCopies = 2;

size_t AnswerBytes(const ResultSeries& series) {
  size_t bytes =
      series.floats.size() * kPointBytes + series.labels.bytes().size() * 2 + kSeriesBytes;
  for (const HistogramPtr& histogram : series.histograms) {
    const size_t buckets =
        histogram->negative_buckets.size() + 1 + histogram->positive_buckets.size();
    bytes += kHistogramBytes + buckets * kBucketBytes;
  }
  return bytes;
}

size_t AnswerBytes(const QueryResult& result) {
  size_t bytes = 0;
  for (const ResultSeries& series : result.series) bytes += AnswerBytes(series);
  return bytes;
}

void WriteRow(const ResultSeries& series, JsonWriter* json) {
  json->BeginObject().Key("metric").LabelSet(series.labels);
  if (!series.floats.empty()) {
    json->Key("values").Points(series.floats);
  }
  if (!series.histograms.empty()) {
    json->Key("histograms").BeginArray();
    for (size_t i = 0; i < series.histograms.size(); ++i) {
      json->Point(series.histogram_t[i], *series.histograms[i]);
    }
    json->EndArray();
  }
  json->EndObject();
}

// What is written for a client that has gone is thrown away: it need not be whole.
void WriteMatrix(const std::vector<ResultSeries>& matrix, const QueryRequest& request,
                 JsonWriter* json) {
  json->BeginArray();
  for (const ResultSeries& series : matrix) {
    if (request.cancelled()) break;
    WriteRow(series, json);
  }
  json->EndArray();
}

void WriteResult(const QueryResult& result, const QueryRequest& request, JsonWriter* json) {
  switch (result.type) {
    case ValueType::kScalar:
      // Scalars, unlike samples, never have an exponent in Prometheus' answers.
      json->Key("resultType").String("scalar").Key("result").BeginArray();
      json->Number(static_cast<double>(request.end_ms) / 1000)
          .String(FixedFloatText(result.scalar))
          .EndArray();
      break;
    case ValueType::kString:
      json->Key("resultType").String("string").Key("result").BeginArray();
      json->Number(static_cast<double>(request.end_ms) / 1000).String(result.string).EndArray();
      break;
    case ValueType::kRangeVector:
      json->Key("resultType").String("matrix").Key("result");
      WriteMatrix(result.series, request, json);
      break;
    case ValueType::kInstantVector:
    case ValueType::kNone:
      json->Key("resultType").String("vector").Key("result");
      WriteVector(result.series, json);
  }
}

// What was asked for besides the result.
void WriteExtras(const promql::QueryStats& stats, bool with_stats, const QueryRequest& request,
                 JsonWriter* json) {
  if (with_stats) {
    json->Key("stats");
    WriteQueryStats(stats, request, json);
  }
  if (stats.explanation) {
    json->Key("explain");
    WriteExplanation(*stats.explanation, json);
  }
}

// Answers of a matrix that are larger than this are sent while they are written.
constexpr size_t kStreamedBytes = size_t{1} << 20;
constexpr size_t kPieceBytes = size_t{256} << 10;
// The piece that is written and the one that is sent; each ends with a series.
constexpr size_t kPiecesHeld = 2;

// Writes a matrix series by series, and lets go of each.
class MatrixStream : public http::BodySource {
 public:
  MatrixStream(QueryResult result, QueryRequest request, bool stats)
      : result_(std::move(result)), request_(std::move(request)), stats_(stats) {
    envelope_.data().BeginObject().Key("resultType").String("matrix").Key("result").BeginArray();
  }

  bool Next(std::string* piece) override {
    while (next_ < result_.series.size() && envelope_.bytes() < kPieceBytes) {
      WriteRow(result_.series[next_], &envelope_.data());
      result_.series[next_++] = {};
    }
    const bool more = next_ < result_.series.size();
    if (more) {
      envelope_.TakePiece(piece);
    } else {
      *piece = Finish();
    }
    return more;
  }

 private:
  std::string Finish() {
    JsonWriter& json = envelope_.data();
    json.EndArray();
    WriteExtras(result_.stats, stats_, request_, &json);
    json.EndObject();
    return envelope_.Finish(result_.warnings, result_.infos).body;
  }

  QueryResult result_;
  const QueryRequest request_;
  const bool stats_;
  Envelope envelope_;
  size_t next_ = 0;  // Series.
};

// The most that a piece takes: what it may have before its last series, and that.
size_t PieceBytes(const QueryResult& result) {
  size_t largest = 0;
  for (const ResultSeries& series : result.series) {
    largest = std::max(largest, AnswerBytes(series));
  }
  return kPieceBytes + largest;
}

http::Response Stream(QueryResult result, const QueryRequest& request, bool stats) {
  http::Response response;
  response.headers.Set("Content-Type", "application/json");
  auto stream = std::make_shared<MatrixStream>(std::move(result), request, stats);
  stream->Next(&response.body);
  response.rest = std::move(stream);
  return response;
}

http::Response Execute(const ApiCall& call, const absl::StatusOr<QueryRequest>& request) {
  if (!request.ok()) return ErrorResponse(request.status());
  const absl::StatusOr<size_t> limit = LimitParam(call.params);
  if (!limit.ok()) return ErrorResponse(limit.status());
  absl::StatusOr<QueryResult> result = call.deps.execute(*request);
  if (absl::IsInvalidArgument(result.status())) {
    return ErrorResponse(InvalidParameter("query", FromAbsl(result.status().message())));
  }
  if (!result.ok()) return ErrorResponse(result.status());
  if (*limit > 0 && result->series.size() > *limit) {
    result->series.resize(*limit);
    result->warnings.push_back("results truncated due to limit");
  }
  const std::string_view stats = call.params.Get("stats");
  if (!stats.empty() && stats != "true" && stats != "all") {
    result->warnings.push_back(
        StrCat("stats parameter value \"", stats, "\" is deprecated: use \"true\" or \"all\""));
  }
  const size_t bytes = AnswerBytes(*result);
  const bool streamed = call.request.takes_pieces && bytes > kStreamedBytes &&
                        result->type == ValueType::kRangeVector;
  if (result->memory != nullptr) {
    const size_t held = streamed                   ? PieceBytes(*result) * kPiecesHeld
                        : bytes > kReserveBytesMax ? bytes * kGrowingCopies
                                                   : bytes;
    const absl::Status charged = result->memory->account.Charge(static_cast<int64_t>(held));
    if (!charged.ok()) return ErrorResponse(charged);
  }
  if (streamed) return Stream(*std::move(result), *request, !stats.empty());
  Envelope envelope;
  JsonWriter& json = envelope.data();
  json.Reserve(std::min(bytes, kReserveBytesMax));
  json.BeginObject();
  WriteResult(*result, *request, &json);
  WriteExtras(result->stats, !stats.empty(), *request, &json);
  json.EndObject();
  http::Response response = envelope.Finish(result->warnings, result->infos);
  response.held = std::move(result->memory);
  return response;
}

}  // namespace

http::Response HandleQuery(const ApiCall& call) { return Execute(call, InstantRequest(call)); }

http::Response HandleQueryRange(const ApiCall& call) { return Execute(call, RangeRequest(call)); }

}  // namespace hearth
