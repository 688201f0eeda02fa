#include "tools/hearthctl/sd_check.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>

#include "config/config.h"
#include "config/relabel.h"
#include "http/io_thread.h"
#include "metrics/registry.h"
#include "model/mutex.h"
#include "model/status.h"
#include "model/text.h"
#include "nlohmann/json.hpp"
#include "scrape/discovery/providers.h"
#include "scrape/discovery/target_sources.h"
#include "scrape/target.h"

namespace hearth::hearthctl {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kExitSuccess = 0;
constexpr int kExitFailure = 1;
constexpr std::chrono::milliseconds kPoll(10);

Json ToJson(const Labels& labels) {
  Json object = Json::object();
  for (const auto& [name, value] : labels) object[std::string(name)] = std::string(value);
  return object;
}

// As Go indents and escapes it.
std::string Print(const Json& json) {
  const std::string text =
      json.dump(2, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
  std::string out;
  for (const char c : text) {  // Outside of strings JSON has none of the three.
    if (c == '<' || c == '>' || c == '&') {
      out += c == '<' ? "\\u003c" : c == '>' ? "\\u003e" : "\\u0026";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

// Waits until every provider has answered, for at most timeout_ms.
void AwaitAnswers(TimeMs timeout_ms, TargetSources* sources) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  Mutex mu;
  CondVar never;
  MutexLock lock(&mu);
  while (!sources->has_answers() && std::chrono::steady_clock::now() < deadline) {
    never.WaitFor(&mu, kPoll);
    sources->Refresh(SystemClock::Get().NowMs());
  }
}

Json Results(const ScrapeConfig& scrape, const std::vector<RelabelRule>& rules,
             const std::vector<Labels>& targets, std::ostream& err) {
  Json results = Json::array();
  std::set<std::string> seen;
  for (const Labels& target : targets) {
    Json result;
    const auto made = MakeTargetLabels(scrape, rules, target);
    if (made.ok()) {
      result["discoveredLabels"] = ToJson(made->discovered);
      result["labels"] = ToJson(made->relabelled.value_or(Labels()));
    } else {
      err << "target " << target.ToString() << ": " << made.status().message() << "\n";
      result["discoveredLabels"] = Json::object();
      result["labels"] = Json::object();
      result["error"] = Json::object();
    }
    if (seen.insert(Print(result)).second) results.push_back(std::move(result));
  }
  return results;
}

}  // namespace

int CheckServiceDiscovery(const SdCheckOptions& options, const std::string& file,
                          const std::string& job, std::ostream& out, std::ostream& err) {
  const auto load = [&]() -> absl::StatusOr<Config> {
    HEARTH_ASSIGN_OR_RETURN(const std::string text, SystemEnvironment().read_file(file));
    return Load(text, file);
  };
  const absl::StatusOr<Config> config = load();
  if (!config.ok()) {
    err << "Cannot load config " << config.status().message() << "\n";
    return kExitFailure;
  }
  const auto& scrapes = config->scrape_configs;
  const auto scrape = std::find_if(scrapes.begin(), scrapes.end(),
                                   [&](const ScrapeConfig& s) { return s.job_name == job; });
  if (scrape == scrapes.end()) {
    err << "Job " << job << " not found. Select one of:\n";
    for (const ScrapeConfig& s : scrapes) err << "\t" << s.job_name << "\n";
    return kExitFailure;
  }
  // The server says the same in its log: an empty list has a reason.
  for (const std::string& warning : config->warnings) {
    if (warning.rfind("service discovery ", 0) == 0) err << warning << "\n";
  }
  const auto rules = CompileRelabelRules(scrape->relabel_configs);
  if (!rules.ok()) {
    err << "Cannot load config " << rules.status().message() << "\n";
    return kExitFailure;
  }

  http::IoThread io;
  metrics::Registry registry;
  Mutex mu;  // Of `err`, while providers run.
  const auto warn = [&](const std::string& text) {
    MutexLock lock(&mu);
    err << text << "\n";
  };
  ProviderFactory providers(
      {.io = &io, .registry = &registry, .warn = warn, .dns_servers = options.dns_servers});
  auto sources = std::make_unique<TargetSources>(
      scrape->discovery, ScrapePoolOwner(job), SystemClock::Get().NowMs(),
      TargetSources::Options{.environment = &SystemEnvironment(),
                             .providers = &providers,
                             .registry = &registry,
                             .warn = warn});
  if (!sources->failures().empty()) {
    warn(StrCat("Could not create new discoverer ",
                FromAbsl(sources->failures().front().message())));
    return kExitFailure;
  }
  AwaitAnswers(options.timeout_ms, sources.get());
  const std::vector<Labels> targets = sources->Targets();
  sources.reset();  // Ends the providers: `err` is this thread's again.
  out << Print(Results(*scrape, *rules, targets, err));
  return kExitSuccess;
}

}  // namespace hearth::hearthctl
