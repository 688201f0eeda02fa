#include <algorithm>
#include <utility>

#include "api/v1/envelope.h"
#include "api/v1/handlers.h"
#include "api/v1/parameters.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth {
namespace {

constexpr const char* kTruncated = "results truncated due to limit";
// Larger bodies are compressed and sent by a worker.
constexpr size_t kAtOnceBodyMax = size_t{32} << 10;

// A label call as far as it can be read without looking at its matchers.
struct LabelCall {
  LabelPart part = LabelPart::kNames;
  std::string name;  // Of kValues.
  TimeRange range;
  size_t limit = 0;
  std::vector<std::string_view> matchers;  // As sent; of the call's parameters.

  LabelScope scope() const { return {part, name, !matchers.empty(), range}; }
};

absl::StatusOr<LabelCall> ReadCall(const ApiCall& call, LabelPart part) {
  LabelCall read{.part = part};
  if (part == LabelPart::kValues) {
    read.name = UnescapeName(call.path_parameter);
    if (read.name.empty() || !IsValidUtf8(read.name)) {
      std::string quoted;
      AppendQuoted(read.name, &quoted);
      return absl::InvalidArgumentError(StrCat("invalid label name: ", quoted));
    }
  }
  HEARTH_ASSIGN_OR_RETURN(read.range, RangeParam(call.params));
  HEARTH_ASSIGN_OR_RETURN(read.limit, LimitParam(call.params));
  read.matchers = call.params.GetAll("match[]");
  return read;
}

// Everything that the answer depends on, or nullopt when the storage cannot tell. An empty range is
// an error whatever the storage has.
std::optional<Fingerprint> KeyOf(const ApiCall& call, const LabelCall& read) {
  if (read.range.empty()) return std::nullopt;
  const std::optional<Fingerprint> stamp = call.deps.storage->LabelStamp(read.scope());
  if (!stamp) return std::nullopt;
  std::string bytes;
  const auto add = [&bytes](std::string_view text) { StrAppend(&bytes, text.size(), ":", text); };
  StrAppend(&bytes, static_cast<int>(read.part), ",", read.limit, ",", stamp->hi, ",", stamp->lo);
  add(read.name);
  for (const std::string_view matcher : read.matchers) add(matcher);
  return FingerprintOf(bytes);
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

absl::StatusOr<http::Response> Compute(const ApiCall& call, const LabelCall& read) {
  LabelQuery query;  // Its limit is one above the asked one, which tells whether there was more.
  query.range = read.range;
  HEARTH_ASSIGN_OR_RETURN(query.matcher_sets,
                          MatchParam(call.params, /*required=*/read.part == LabelPart::kSeries));
  if (query.range.empty()) {
    return InvalidParameter("end", "end timestamp must not be before start time");
  }
  if (read.limit > 0) query.limit = read.limit + 1;
  HEARTH_ASSIGN_OR_RETURN(const std::unique_ptr<Querier> querier,
                          call.deps.storage->NewQuerier(query.range));
  switch (read.part) {
    case LabelPart::kNames:
      return Answer(querier->LabelNames(query), read.limit, WriteString);
    case LabelPart::kValues:
      return Answer(querier->LabelValues(read.name, query), read.limit, WriteString);
    case LabelPart::kSeries:
      break;
  }
  return Answer(querier->Series(query), read.limit,
                [](const Labels& labels, JsonWriter* json) { json->LabelSet(labels); });
}

http::Response Handle(const ApiCall& call, LabelPart part) {
  const absl::StatusOr<LabelCall> read = ReadCall(call, part);
  if (!read.ok()) return ErrorResponse(read.status());
  const std::optional<Fingerprint> key = KeyOf(call, *read);
  if (key) {
    if (const LabelAnswers::Body body = call.label_answers.Find(*key)) {
      return JsonResponse(200, *body);
    }
  }
  absl::StatusOr<http::Response> response = Compute(call, *read);
  if (!response.ok()) return ErrorResponse(response.status());
  if (key && response->status == 200 && KeyOf(call, *read) == key) {
    call.label_answers.Keep(*key, response->body);
  }
  return *std::move(response);
}

std::optional<http::Response> AtOnce(const ApiCall& call, LabelPart part) {
  const absl::StatusOr<LabelCall> read = ReadCall(call, part);
  if (!read.ok()) return std::nullopt;
  const std::optional<Fingerprint> key = KeyOf(call, *read);
  if (!key) return std::nullopt;
  const LabelAnswers::Body body = call.label_answers.Find(*key);
  if (body == nullptr || body->size() > kAtOnceBodyMax) return std::nullopt;
  return JsonResponse(200, *body);
}

}  // namespace

http::Response HandleSeries(const ApiCall& call) { return Handle(call, LabelPart::kSeries); }
http::Response HandleLabels(const ApiCall& call) { return Handle(call, LabelPart::kNames); }
http::Response HandleLabelValues(const ApiCall& call) { return Handle(call, LabelPart::kValues); }

std::optional<http::Response> SeriesAtOnce(const ApiCall& call) {
  return AtOnce(call, LabelPart::kSeries);
}
std::optional<http::Response> LabelsAtOnce(const ApiCall& call) {
  return AtOnce(call, LabelPart::kNames);
}
std::optional<http::Response> LabelValuesAtOnce(const ApiCall& call) {
  return AtOnce(call, LabelPart::kValues);
}

}  // namespace hearth
