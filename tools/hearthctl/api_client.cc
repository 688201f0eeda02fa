#include "tools/hearthctl/api_client.h"

#include <cctype>

#include "model/status.h"
#include "model/text.h"

namespace hearth::hearthctl {
namespace {

std::string Escape(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.') {
      out.push_back(c);
    } else {
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

}  // namespace

ApiClient::ApiClient(std::string server) : base_(std::move(server)), client_(&io_) {
  while (base_.ends_with('/')) base_.pop_back();
  if (base_.find("://") == std::string::npos) base_ = "http://" + base_;
}

absl::StatusOr<nlohmann::json> ApiClient::Ask(
    std::string_view path, const std::vector<std::pair<std::string, std::string>>& parameters) {
  http::FetchRequest request;
  request.url = StrCat(base_, path);
  for (const auto& [name, value] : parameters)
    StrAppend(&request.url, &name == &parameters.front().first ? "?" : "&", name, "=",
              Escape(value));
  request.timeout_ms = 120'000;
  request.body_bytes_max = size_t{512} << 20;
  HEARTH_ASSIGN_OR_RETURN(const http::FetchResult answer,
                          client_.FetchBlocking(std::move(request)));
  nlohmann::json json = nlohmann::json::parse(answer.body, nullptr, /*allow_exceptions=*/false);
  if (json.is_object() && json.value("status", "") == "success") return json;
  if (!json.is_object() || !json.contains("error"))
    return absl::UnknownError(StrCat("HTTP status ", answer.status));
  return absl::UnknownError(
      StrCat(json.value("errorType", ""), ": ", json["error"].get<std::string>()));
}

}  // namespace hearth::hearthctl
