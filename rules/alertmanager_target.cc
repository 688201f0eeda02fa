#include "rules/alertmanager_target.h"

#include <string_view>

#include "http/url.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth {
namespace {

constexpr std::string_view kAddress = "__address__";
constexpr std::string_view kScheme = "__scheme__";
constexpr std::string_view kPath = "__alerts_path__";
constexpr std::string_view kApi = "api/v2/alerts";

// `prefix` may begin and end with slashes.
std::string PathOf(std::string_view prefix) {
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  while (prefix.starts_with('/')) prefix.remove_prefix(1);
  return prefix.empty() ? StrCat("/", kApi) : StrCat("/", prefix, "/", kApi);
}

// What Go leaves alone in the path of a URL.
bool IsPathCharacter(char c) {
  constexpr std::string_view kOthers = "-_.~$&+,/:;=@";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kOthers.find(c) != std::string_view::npos;
}

std::string MakeUrl(const LabelsBuilder& labels) {
  std::string_view address = labels.Get(kAddress);
  address.remove_prefix(address.rfind('@') + 1);  // npos + 1 is 0.
  const std::string_view path = labels.Get(kPath);
  std::string url = StrCat(labels.Get(kScheme), "://", address, path.starts_with('/') ? "" : "/");
  for (const char c : path) {
    if (IsPathCharacter(c)) {
      url.push_back(c);
    } else {
      url += http::PercentEncode(std::string_view(&c, 1));
    }
  }
  return url;
}

}  // namespace

absl::StatusOr<AlertmanagerTarget> MakeAlertmanagerTarget(const AlertmanagerConfig& config,
                                                          const std::vector<RelabelRule>& rules,
                                                          LabelsView discovered) {
  LabelsBuilder labels(discovered);
  if (labels.Get(kScheme).empty()) labels.Set(kScheme, config.scheme);
  if (labels.Get(kPath).empty()) labels.Set(kPath, PathOf(config.path_prefix));
  AlertmanagerTarget target;
  target.url = MakeUrl(labels);
  if (!Relabel(rules, &labels)) {
    target.dropped = true;
    return target;
  }
  const std::string_view address = labels.Get(kAddress);
  if (address.empty()) return absl::InvalidArgumentError("no address");
  if (address.find_first_of("/@?#") != std::string_view::npos) {
    std::string quoted;
    AppendQuoted(address.substr(address.rfind('@') + 1), &quoted);
    return absl::InvalidArgumentError(StrCat(quoted, " is not a valid hostname"));
  }
  target.url = MakeUrl(labels);
  HEARTH_RETURN_IF_ERROR(http::ParseUrl(target.url).status());
  return target;
}

}  // namespace hearth
