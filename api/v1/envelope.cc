#include "api/v1/envelope.h"

#include "model/text.h"

namespace hearth {
namespace {

constexpr size_t kAnnotationsMax = 10;

constexpr ErrorType kInternalError = {absl::StatusCode::kInternal, "internal", 500};
constexpr ErrorType kErrorTypes[] = {
    {absl::StatusCode::kInvalidArgument, "bad_data", 400},
    {absl::StatusCode::kFailedPrecondition, "execution", 422},
    {absl::StatusCode::kResourceExhausted, "execution", 422},
    {absl::StatusCode::kCancelled, "canceled", 499},
    {absl::StatusCode::kDeadlineExceeded, "timeout", 503},
    {absl::StatusCode::kNotFound, "not_found", 404},
    {absl::StatusCode::kUnimplemented, "not_acceptable", 406},
    {absl::StatusCode::kUnavailable, "unavailable", 500},
    {absl::StatusCode::kAborted, "unavailable", 503},  // No memory just now: try again.
    kInternalError,
};

void AppendAnnotations(std::string_view key, const std::vector<std::string>& texts,
                       JsonWriter* json) {
  if (texts.empty()) return;
  json->Key(key).BeginArray();
  for (size_t i = 0; i < texts.size() && i < kAnnotationsMax; ++i) json->String(texts[i]);
  if (texts.size() > kAnnotationsMax) {
    const std::string_view noun = key == "warnings" ? "warning" : "info";
    json->String(StrCat(texts.size() - kAnnotationsMax, " more ", noun, " annotations omitted"));
  }
  json->EndArray();
}

}  // namespace

http::Response JsonResponse(int status, std::string body) {
  return http::Response{status, {{"Content-Type", "application/json"}}, std::move(body)};
}

Envelope::Envelope() : json_(&body_) {
  json_.BeginObject().Key("status").String("success").Key("data");
}

http::Response Envelope::Finish(const std::vector<std::string>& warnings,
                                const std::vector<std::string>& infos) {
  AppendAnnotations("warnings", warnings, &json_);
  AppendAnnotations("infos", infos, &json_);
  json_.EndObject();
  return JsonResponse(200, std::move(body_));
}

http::Response EmptySuccess() { return JsonResponse(200, R"({"status":"success"})"); }

const ErrorType& ErrorTypeOf(absl::StatusCode code) {
  for (const ErrorType& row : kErrorTypes) {
    if (row.code == code) return row;
  }
  return kInternalError;
}

http::Response ErrorResponse(const absl::Status& status) {
  const ErrorType& type = ErrorTypeOf(status.code());
  std::string body;
  JsonWriter json(&body);
  json.BeginObject()
      .Key("status")
      .String("error")
      .Key("errorType")
      .String(type.name)
      .Key("error")
      .String(FromAbsl(status.message()))
      .EndObject();
  return JsonResponse(type.http_status, std::move(body));
}

}  // namespace hearth
