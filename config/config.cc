#include "config/config.h"

#include <glob.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "config/field_reader.h"
#include "config/field_writer.h"
#include "config/path_resolver.h"
#include "config/validate.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth {
namespace {

bool IsVariableChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// `$name`, `${name}` and `$$` in an external label's value, as Go's os.Expand reads them.
std::string ExpandVariables(std::string_view text, const LoadEnvironment& environment) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$' || i + 1 == text.size()) {
      out.push_back(text[i]);
      continue;
    }
    if (text[i + 1] == '$') {
      out.push_back('$');
      ++i;
      continue;
    }
    const bool brace = text[i + 1] == '{';
    const size_t start = i + (brace ? 2 : 1);
    size_t end = start;
    while (end < text.size() && (brace ? text[end] != '}' : IsVariableChar(text[end]))) ++end;
    if (end == start || (brace && end == text.size())) {
      if (!brace) out.push_back('$');  // Go eats a broken `${` and keeps a lone dollar.
      i = brace ? start - 1 : i;
      continue;
    }
    out.append(environment.variable(std::string(text.substr(start, end - start))));
    i = brace ? end : end - 1;
  }
  return out;
}

// What a file named in scrape_config_files holds.
struct ScrapeConfigFile {
  std::vector<ScrapeConfig> scrape_configs;
};

template <typename V>
void Fields(V& v, ScrapeConfigFile& c) {
  v.List("scrape_configs", &c.scrape_configs, "empty or null scrape config section");
}

absl::Status LoadScrapeConfigFile(const std::string& path, const LoadEnvironment& environment,
                                  Config* config) {
  HEARTH_ASSIGN_OR_RETURN(const std::string text, environment.read_file(path));
  HEARTH_ASSIGN_OR_RETURN(const YamlNode root, ParseYaml(text));
  ScrapeConfigFile file;
  HEARTH_RETURN_IF_ERROR(ReadYaml(root, &file));
  ResolvePaths(path, &file.scrape_configs);
  for (ScrapeConfig& scrape : file.scrape_configs) {
    HEARTH_RETURN_IF_ERROR(CompleteScrapeConfig(config->global, &scrape));
    for (const ScrapeConfig& other : config->scrape_configs) {
      if (other.job_name == scrape.job_name) {
        return absl::InvalidArgumentError(
            StrCat("found multiple scrape configs with job name \"", scrape.job_name, "\""));
      }
    }
    config->scrape_configs.push_back(std::move(scrape));
    ++config->included_scrape_configs;
  }
  return absl::OkStatus();
}

absl::Status LoadInto(std::string_view text, std::string_view filename,
                      const LoadEnvironment& environment, Config* config) {
  HEARTH_ASSIGN_OR_RETURN(const YamlNode root, ParseYaml(text));
  HEARTH_RETURN_IF_ERROR(ReadYaml(root, config));
  for (auto& [name, value] : config->global.external_labels)
    value = ExpandVariables(value, environment);
  if (environment.protobuf_first && config->global.formats.scrape_protocols.empty()) {
    config->global.formats.scrape_protocols = DefaultScrapeProtocols(/*protobuf_first=*/true);
  }
  HEARTH_RETURN_IF_ERROR(CompleteConfig(config));
  ResolvePaths(filename, config);
  for (const std::string& pattern : config->scrape_config_files) {
    for (const std::string& path : environment.glob(pattern)) {
      if (absl::Status s = LoadScrapeConfigFile(path, environment, config); !s.ok()) {
        return absl::InvalidArgumentError(StrCat("\"", path, "\": ", FromAbsl(s.message())));
      }
    }
  }
  config->warnings = UnsupportedWarnings(*config);
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadWholeFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::NotFoundError(StrCat("open ", path, ": ", std::strerror(errno)));
  std::ostringstream text;
  // An empty file is fine, but inserting nothing counts as a failure of the stream.
  if (in.peek() != std::ifstream::traits_type::eof()) text << in.rdbuf();
  if (in.bad() || !text) return absl::UnavailableError(StrCat("read ", path, " failed"));
  return std::move(text).str();
}

std::vector<std::string> GlobFiles(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> paths;
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  globfree(&found);
  return paths;
}

}  // namespace

const LoadEnvironment& SystemEnvironment() {
  static const LoadEnvironment* const environment =
      new LoadEnvironment{.variable =
                              [](const std::string& name) {
                                const char* value = std::getenv(name.c_str());
                                return std::string(value == nullptr ? "" : value);
                              },
                          .read_file = &ReadWholeFile,
                          .glob = &GlobFiles};
  return *environment;
}

absl::StatusOr<Config> Load(std::string_view text, std::string_view filename,
                            const LoadEnvironment& environment) {
  Config config;
  if (absl::Status s = LoadInto(text, filename, environment, &config); !s.ok()) {
    return absl::InvalidArgumentError(
        StrCat("parsing YAML file ", filename, ": ", FromAbsl(s.message())));
  }
  return config;
}

std::vector<std::string> IncludedFiles(std::string_view text, std::string_view filename) {
  const absl::StatusOr<YamlNode> root = ParseYaml(text);
  if (!root.ok()) return {};
  Config config;
  for (const auto& [key, list] :
       {std::pair<std::string_view, std::vector<std::string>*>{"rule_files", &config.rule_files},
        {"scrape_config_files", &config.scrape_config_files}}) {
    const YamlNode* node = root->Find(key);
    if (node != nullptr && !ReadYaml(*node, list).ok()) list->clear();
  }
  ResolvePaths(filename, &config);
  std::vector<std::string> all = std::move(config.rule_files);
  all.insert(all.end(), config.scrape_config_files.begin(), config.scrape_config_files.end());
  return all;
}

std::string ToYaml(const Config& config) {
  Config shown = config;
  shown.scrape_configs.resize(shown.scrape_configs.size() -
                              std::min(shown.scrape_configs.size(), shown.included_scrape_configs));
  std::string out;
  AppendYaml(ToYamlNode(shown), 0, &out);
  return out;
}

std::string ToYaml(const ScrapeConfig& config) {
  std::string out;
  AppendYaml(ToYamlNode(config), 0, &out);
  return out;
}

}  // namespace hearth
