// Configuration files, and what stands in them: the first byte chooses. What loads is printed, and
// loads again. (Not always to the same: Prometheus leaves out what is empty, whatever the default.)
#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "config/config.h"
#include "config/duration.h"
#include "config/relabel.h"
#include "config/web_config.h"
#include "config/yaml.h"
#include "tools/fuzz/fuzz.h"

namespace hearth {
namespace {

[[noreturn]] void Fail(std::string_view what, const absl::Status& status, std::string_view text) {
  std::cerr << what << ": " << status << "\n" << text << "\n";
  std::abort();
}

// A world without files and variables.
LoadEnvironment EmptyWorld() {
  LoadEnvironment environment;
  environment.variable = [](const std::string&) { return std::string(); };
  environment.read_file = [](const std::string& path) -> absl::StatusOr<std::string> {
    return absl::NotFoundError(path);
  };
  environment.glob = [](const std::string&) { return std::vector<std::string>(); };
  return environment;
}

void LoadTwice(std::string_view text) {
  IncludedFiles(text, "/etc/p.yml");
  const absl::StatusOr<Config> config = Load(text, "/etc/p.yml", EmptyWorld());
  if (!config.ok()) return;
  const std::string shown = ToYaml(*config);
  const absl::StatusOr<Config> again = Load(shown, "/etc/p.yml", EmptyWorld());
  if (!again.ok()) Fail("does not load as it is shown", again.status(), shown);
}

void ReadYaml(std::string_view text) {
  const absl::StatusOr<YamlNode> node = ParseYaml(text);
  if (!node.ok()) return;
  std::string shown;
  AppendYaml(*node, 0, &shown);
  if (const auto again = ParseYaml(shown); !again.ok())
    Fail("does not read as it is printed", again.status(), shown);
}

// Until the first blank the regular expression, then the label's value.
void RelabelText(std::string_view text) {
  const size_t blank = std::min(text.find(' '), text.size());
  RelabelConfig config;
  config.source_labels = {"a"};
  config.regex = std::string(text.substr(0, blank));
  config.target_label = "b";
  const absl::StatusOr<RelabelRule> rule = RelabelRule::Create(config);
  if (!rule.ok()) return;
  LabelsBuilder labels;
  labels.Set("a", text.substr(blank));
  if (!rule->Apply(&labels)) Fail("a replace drops", absl::OkStatus(), text);
}

void ReadDuration(std::string_view text) {
  const absl::StatusOr<TimeMs> ms = ParseDuration(text);
  if (!ms.ok()) return;
  const absl::StatusOr<TimeMs> again = ParseDuration(FormatDuration(*ms));
  if (!again.ok() || *again != *ms) Fail("another duration", again.status(), text);
}

}  // namespace

std::vector<std::string> fuzz::Corpus() {
  return {
      "cglobal: {scrape_interval: 15s, external_labels: {a: '${B}$$'}}\nscrape_configs:\n"
      "- job_name: n\n  params: {a: [b]}\n  static_configs: [{targets: [a:1], labels: {x: y}}]\n"
      "  relabel_configs: [{source_labels: [a, b], regex: '(.*)', target_label: c}]\n"
      "  basic_auth: {username: u, password: p}\n  tls_config: {min_version: TLS12}\n",
      "cscrape_configs:\n- {job_name: d, dns_sd_configs: [{names: [a.b], type: A, port: 1}],\n"
      "   kubernetes_sd_configs: [{role: pod, namespaces: {names: [a]}}],\n"
      "   docker_sd_configs: [{host: 'unix:///x', filters: [{name: a, values: [b]}]}],\n"
      "   http_sd_configs: [{url: 'http://a/b'}], consul_sd_configs: [{services: [a]}]}\n",
      "calerting: {alertmanagers: [{static_configs: [{targets: [a:1]}]}]}\n"
      "remote_write: [{url: 'http://a', queue_config: {capacity: 5}}]\nrule_files: [a*.yml]\n"
      "storage: {tsdb: {retention: {time: 1d, size: 1GB}}}\nscrape_config_files: ['*.yml']\n",
      "ya: &x {b: [1, 'two', \"thr\\u00e9e\"]}\nc: *x\nd: |\n  text\n  more\ne: !!binary aGk=\n",
      "y<<: {a: b}\n? k\n: v\n- \n",
      "wtls_server_config: {cert_file: a, key_file: b, client_auth_type: NoClientCert}\n"
      "basic_auth_users: {a: $2y$10$abcdefghijklmnopqrstuv}\nhttp_server_config: {http2: true}\n",
      "r(a+)(?P<n>[^b]*)$ aab",
      "d1w2d3h4m5s6ms",
  };
}

}  // namespace hearth

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (static_cast<char>(data[0])) {
    case 'c':
      hearth::LoadTwice(text);
      break;
    case 'y':
      hearth::ReadYaml(text);
      break;
    case 'r':
      hearth::RelabelText(text);
      break;
    case 'd':
      hearth::ReadDuration(text);
      break;
    default:
      hearth::LoadWebConfig(text, "/etc/web.yml").IgnoreError();
      break;
  }
  return 0;
}
