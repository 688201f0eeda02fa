#include <algorithm>

#include "api/v1/envelope.h"
#include "api/v1/handlers.h"
#include "api/v1/parameters.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth {
namespace {

constexpr const char* kTruncated = "results truncated due to limit";

struct LabelRequest {
  LabelQuery query;  // Its limit is one above the asked one, which tells whether there was more.
  size_t limit = 0;
  std::unique_ptr<Querier> querier;
};

absl::StatusOr<LabelRequest> OpenLabels(const ApiCall& call, bool match_required) {
  LabelRequest request;
  HEARTH_ASSIGN_OR_RETURN(request.query.range, RangeParam(call.params));
  HEARTH_ASSIGN_OR_RETURN(request.limit, LimitParam(call.params));
  HEARTH_ASSIGN_OR_RETURN(request.query.matcher_sets, MatchParam(call.params, match_required));
  if (request.query.range.empty()) {
    return InvalidParameter("end", "end timestamp must not be before start time");
  }
  if (request.limit > 0) request.query.limit = request.limit + 1;
  HEARTH_ASSIGN_OR_RETURN(request.querier, call.deps.storage->NewQuerier(request.query.range));
  return request;
}

// Cuts the rows at the limit and writes them.
template <typename Row, typename Write>
http::Response Answer(const absl::StatusOr<std::vector<Row>>& rows, size_t limit, Write write) {
  if (!rows.ok()) return ErrorResponse(rows.status());
  const bool truncated = limit > 0 && rows->size() > limit;
  Envelope envelope;
  envelope.data().BeginArray();
  const size_t count = truncated ? limit : rows->size();
  for (size_t i = 0; i < count; ++i) write((*rows)[i], &envelope.data());
  envelope.data().EndArray();
  return envelope.Finish(truncated ? std::vector<std::string>{kTruncated}
                                   : std::vector<std::string>());
}

void WriteString(const std::string& value, JsonWriter* json) { json->String(value); }

}  // namespace

http::Response HandleSeries(const ApiCall& call) {
  const absl::StatusOr<LabelRequest> request = OpenLabels(call, /*match_required=*/true);
  if (!request.ok()) return ErrorResponse(request.status());
  return Answer(request->querier->Series(request->query), request->limit,
                [](const Labels& labels, JsonWriter* json) { json->LabelSet(labels); });
}

http::Response HandleLabels(const ApiCall& call) {
  const absl::StatusOr<LabelRequest> request = OpenLabels(call, /*match_required=*/false);
  if (!request.ok()) return ErrorResponse(request.status());
  return Answer(request->querier->LabelNames(request->query), request->limit, WriteString);
}

http::Response HandleLabelValues(const ApiCall& call) {
  const std::string name = UnescapeName(call.path_parameter);
  if (name.empty() || !IsValidUtf8(name)) {
    std::string quoted;
    AppendQuoted(name, &quoted);
    return ErrorResponse(absl::InvalidArgumentError(StrCat("invalid label name: ", quoted)));
  }
  const absl::StatusOr<LabelRequest> request = OpenLabels(call, /*match_required=*/false);
  if (!request.ok()) return ErrorResponse(request.status());
  return Answer(request->querier->LabelValues(name, request->query), request->limit, WriteString);
}

}  // namespace hearth
