// /api/v1/admin/tsdb/…: only with --web.enable-admin-api.
#include <optional>

#include "api/v1/envelope.h"
#include "api/v1/handlers.h"
#include "api/v1/parameters.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth {
namespace {

http::Response Disabled() { return ErrorResponse(absl::UnavailableError("admin APIs disabled")); }

// 204, or whatever went wrong as an internal error, as Prometheus has it.
http::Response Done(const absl::Status& status) {
  if (!status.ok()) return ErrorResponse(absl::InternalError(status.message()));
  return http::Response{.status = 204};
}

// A boolean as Go's strconv.ParseBool reads it.
std::optional<bool> ParseBool(std::string_view text) {
  for (const std::string_view yes : {"1", "t", "T", "TRUE", "true", "True"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"0", "f", "F", "FALSE", "false", "False"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

absl::Status DeleteSeries(const ApiCall& call) {
  if (call.params.GetAll("match[]").empty()) {
    return absl::InvalidArgumentError("no match[] parameter provided");
  }
  HEARTH_ASSIGN_OR_RETURN(const TimeRange range, RangeParam(call.params));
  HEARTH_ASSIGN_OR_RETURN(const std::vector<std::vector<Matcher>> sets,
                          MatchParam(call.params, /*required=*/true));
  const absl::Status status = call.deps.admin->DeleteSeries(sets, range);
  return status.ok() ? status : absl::InternalError(status.message());
}

}  // namespace

http::Response HandleDeleteSeries(const ApiCall& call) {
  if (call.deps.admin == nullptr) return Disabled();
  const absl::Status status = DeleteSeries(call);
  return status.ok() ? http::Response{.status = 204} : ErrorResponse(status);
}

http::Response HandleCleanTombstones(const ApiCall& call) {
  if (call.deps.admin == nullptr) return Disabled();
  return Done(call.deps.admin->CleanTombstones());
}

http::Response HandleSnapshot(const ApiCall& call) {
  if (call.deps.admin == nullptr) return Disabled();
  const std::string_view text = call.params.Get("skip_head");
  const std::optional<bool> skip_head = text.empty() ? false : ParseBool(text);
  if (!skip_head) {
    std::string quoted;
    AppendQuoted(text, &quoted);
    return ErrorResponse(
        InvalidParameter("skip_head", StrCat("unable to parse boolean: strconv.ParseBool: parsing ",
                                             quoted, ": invalid syntax")));
  }
  const absl::StatusOr<std::string> name = call.deps.admin->Snapshot(*skip_head);
  if (!name.ok()) return Done(name.status());
  Envelope envelope;
  envelope.data().BeginObject().Key("name").String(*name).EndObject();
  return envelope.Finish();
}

http::Response HandleCompact(const ApiCall& call) {
  if (call.deps.admin == nullptr) return Disabled();
  return Done(call.deps.admin->Compact());
}

}  // namespace hearth
