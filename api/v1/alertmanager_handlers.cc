#include <string>
#include <string_view>
#include <vector>

#include "api/v1/envelope.h"
#include "api/v1/handlers.h"

namespace hearth {
namespace {

void WriteUrls(std::string_view key, const std::vector<std::string>& urls, JsonWriter* json) {
  json->Key(key).BeginArray();
  for (const std::string& url : urls) json->BeginObject().Key("url").String(url).EndObject();
  json->EndArray();
}

}  // namespace

http::Response HandleAlertmanagers(const ApiCall& call) {
  Envelope envelope;
  JsonWriter& json = envelope.data();
  json.BeginObject();
  WriteUrls("activeAlertmanagers", call.deps.alertmanagers->ActiveAlertmanagers(), &json);
  WriteUrls("droppedAlertmanagers", call.deps.alertmanagers->DroppedAlertmanagers(), &json);
  json.EndObject();
  return envelope.Finish();
}

}  // namespace hearth
