#include "tools/hearthctl/config_check.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

#include "config/config.h"
#include "config/duration.h"
#include "config/relabel.h"
#include "model/status.h"
#include "model/text.h"
#include "rules/alertmanager_target.h"
#include "scrape/discovery/target_groups.h"
#include "scrape/target.h"
#include "tools/hearthctl/exit_code.h"
#include "tools/hearthctl/lint_choice.h"
#include "tools/hearthctl/rules_check.h"

namespace hearth::hearthctl {
namespace {

std::string Quoted(std::string_view text) {
  std::string out;
  AppendQuoted(text, &out);
  return out;
}

absl::Status Invalid(std::string_view message) {
  return absl::InvalidArgumentError(ToAbsl(message));
}

// That `path` exists; "" does. The error says `<what> "path": stat path: …`.
absl::Status CheckFileExists(std::string_view what, const std::string& path) {
  struct stat info {};
  if (path.empty() || stat(path.c_str(), &info) == 0) return absl::OkStatus();
  std::string reason = std::strerror(errno);
  if (!reason.empty()) reason[0] = static_cast<char>(std::tolower(reason[0]));
  return Invalid(StrCat(what, " ", Quoted(path), ": stat ", path, ": ", reason));
}

absl::Status CheckTlsFiles(const std::optional<TlsConfig>& tls) {
  if (!tls) return absl::OkStatus();
  HEARTH_RETURN_IF_ERROR(CheckFileExists("error checking client cert file", tls->cert_file));
  return CheckFileExists("error checking client key file", tls->key_file);
}

absl::StatusOr<std::vector<TargetGroup>> ReadSdFile(const std::string& path) {
  const std::string extension = std::filesystem::path(path).extension().string();
  if (extension != ".json" && extension != ".yml" && extension != ".yaml")
    return Invalid(StrCat("invalid file extension: ", Quoted(extension)));
  HEARTH_ASSIGN_OR_RETURN(const std::string text, SystemEnvironment().read_file(path));
  return ParseTargetGroups(text);
}

// The checks of one configuration. The first error ends them.
class ConfigCheck {
 public:
  ConfigCheck(const ConfigCheckOptions& options, std::ostream& out)
      : options_(options), out_(out) {}

  absl::Status Run(const std::string& path) {
    HEARTH_ASSIGN_OR_RETURN(const std::string text, SystemEnvironment().read_file(path));
    HEARTH_ASSIGN_OR_RETURN(config_, Load(text, path));
    if (options_.agent) HEARTH_RETURN_IF_ERROR(CheckAgentMode(config_));
    if (!options_.syntax_only) HEARTH_RETURN_IF_ERROR(FindRuleFiles());
    for (const ScrapeConfig& scrape : config_.scrape_configs)
      HEARTH_RETURN_IF_ERROR(CheckScrape(scrape));
    for (const AlertmanagerConfig& alertmanager : config_.alerting.alertmanagers)
      HEARTH_RETURN_IF_ERROR(CheckAlertmanager(alertmanager));
    return absl::OkStatus();
  }

  const Config& config() const { return config_; }
  // Resolved, in the configuration's order.
  const std::vector<std::string>& rule_files() const { return rule_files_; }

 private:
  absl::Status FindRuleFiles() {
    for (const std::string& pattern : config_.rule_files) {
      const std::vector<std::string> found = SystemEnvironment().glob(pattern);
      if (found.empty() && pattern.find('*') == std::string::npos)
        return Invalid(StrCat(Quoted(pattern), " does not point to an existing file"));
      rule_files_.insert(rule_files_.end(), found.begin(), found.end());
    }
    return absl::OkStatus();
  }

  absl::Status CheckScrape(const ScrapeConfig& scrape) {
    if (!options_.syntax_only) {
      if (scrape.http.authorization) {
        HEARTH_RETURN_IF_ERROR(
            CheckFileExists("error checking authorization credentials or bearer token file",
                            scrape.http.authorization->credentials_file));
      }
      HEARTH_RETURN_IF_ERROR(CheckTlsFiles(scrape.http.tls_config));
      for (const KubernetesSdConfig& sd : scrape.discovery.kubernetes_sd_configs)
        HEARTH_RETURN_IF_ERROR(CheckTlsFiles(sd.http.tls_config));
    }
    HEARTH_ASSIGN_OR_RETURN(const auto rules, CompileRelabelRules(scrape.relabel_configs));
    const auto make = [&](const TargetGroup& group) -> absl::Status {
      for (const Labels& labels : LabelsOfGroup(group))
        HEARTH_RETURN_IF_ERROR(MakeTarget(scrape, rules, labels).status());
      return absl::OkStatus();
    };
    return CheckTargets(scrape.discovery, StrCat("scrape job ", Quoted(scrape.job_name)), make);
  }

  absl::Status CheckAlertmanager(const AlertmanagerConfig& alertmanager) {
    if (!options_.syntax_only) HEARTH_RETURN_IF_ERROR(CheckTlsFiles(alertmanager.http.tls_config));
    HEARTH_ASSIGN_OR_RETURN(const auto rules, CompileRelabelRules(alertmanager.relabel_configs));
    const auto make = [&](const TargetGroup& group) -> absl::Status {
      for (const Labels& discovered : LabelsOfGroup(group)) {
        HEARTH_RETURN_IF_ERROR(MakeAlertmanagerTarget(alertmanager, rules, discovered).status());
      }
      return absl::OkStatus();
    };
    return CheckTargets(alertmanager.discovery, "alertmanager config", make);
  }

  template <typename Make>
  absl::Status CheckTargets(const DiscoveryConfigs& discovery, std::string_view owner,
                            const Make& make) {
    for (const FileSdConfig& sd : discovery.file_sd_configs) {
      if (options_.syntax_only) break;
      for (const std::string& pattern : sd.files) {
        const std::vector<std::string> found = SystemEnvironment().glob(pattern);
        if (found.empty()) {
          out_ << "  WARNING: file " << Quoted(pattern) << " for file_sd in " << owner
               << " does not exist\n";
        }
        for (const std::string& path : found) {
          const auto groups = ReadSdFile(path);
          if (!groups.ok()) {
            return Invalid(StrCat("checking SD file ", Quoted(path), ": ",
                                  FromAbsl(groups.status().message())));
          }
          for (const TargetGroup& group : *groups) HEARTH_RETURN_IF_ERROR(make(group));
        }
      }
    }
    for (const TargetGroup& group : discovery.static_configs) HEARTH_RETURN_IF_ERROR(make(group));
    return absl::OkStatus();
  }

  const ConfigCheckOptions& options_;
  std::ostream& out_;
  Config config_;
  std::vector<std::string> rule_files_;
};

// True when an interval was found that leaves gaps between samples.
bool LintIntervals(const Config& config, TimeMs lookback_delta_ms, std::ostream& err) {
  bool found = false;
  for (const ScrapeConfig& scrape : config.scrape_configs) {
    if (scrape.scrape_interval.ms < lookback_delta_ms) continue;
    err << "  FAILED: too long scrape interval found, data point will be marked as stale - job: "
        << scrape.job_name << ", interval: " << FormatDuration(scrape.scrape_interval.ms) << "\n";
    found = true;
  }
  return found;
}

}  // namespace

int CheckConfigFiles(const ConfigCheckOptions& options, const std::vector<std::string>& files,
                     std::ostream& out, std::ostream& err) {
  const LintChoice lints(options.lint, out);
  RulesCheckOptions rules{options.rule_files, lints.Asks(kLintDuplicateRules)};
  RulesVerdict verdict;
  for (const std::string& file : files) {
    out << "Checking " << file << "\n";
    ConfigCheck check(options, out);
    if (const absl::Status status = check.Run(file); !status.ok()) {
      err << "  FAILED: " << FromAbsl(status.message()) << "\n";
      verdict.errors = true;
      out << "\n";
      continue;
    }
    for (const std::string& warning : check.config().warnings)
      out << "  WARNING: " << warning << "\n";
    if (!check.rule_files().empty())
      out << "  SUCCESS: " << check.rule_files().size() << " rule files found\n";
    out << " SUCCESS: " << file << " is valid prometheus config file syntax\n\n";
    if (options.syntax_only) continue;
    if (lints.Asks(kLintTooLongInterval))
      verdict.findings |= LintIntervals(check.config(), options.lookback_delta_ms, err);
    rules.file.legacy_names =
        check.config().global.formats.metric_name_validation_scheme == "legacy";
    const RulesVerdict found = CheckRuleFiles(rules, check.rule_files(), out, err);
    verdict.errors |= found.errors;
    verdict.findings |= found.findings;
  }
  return ExitCode(verdict, options.lint_fatal);
}

}  // namespace hearth::hearthctl
