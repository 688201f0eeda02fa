#include "server/run.h"

#include <signal.h>

#include <cstdlib>
#include <iostream>

#include "model/text.h"
#include "server/flags.h"
#include "server/logging.h"
#include "server/server.h"
#include "server/version.h"
#include "spdlog/spdlog.h"
#include "tsdb/kill_point.h"

namespace hearth {
namespace {

int Fail(const absl::Status& status) {
  spdlog::error("{}", FromAbsl(status.message()));
  return 1;
}

// All threads inherit the mask, so that signals wait for main to take them.
sigset_t BlockSignals() {
  signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGHUP, SIGTERM, SIGINT}) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return set;
}

}  // namespace

int RunHearth(int argc, char** argv, const ServerSeams& seams) {
  const sigset_t signals = BlockSignals();
  SetUpLogging("info", "logfmt");
  absl::StatusOr<CommandLine> command = ParseCommandLine(argc, argv);
  if (!command.ok()) return Fail(command.status());
  if (!command->print_and_exit.empty()) {
    std::cout << command->print_and_exit;
    return 0;
  }
  SetUpLogging(command->flags.log_level, command->flags.log_format);
  const absl::Status armed =
      ArmKillPoints(std::getenv("HEARTH_KILL_AT"), std::getenv("HEARTH_KILL_COUNTS"));
  if (!armed.ok()) return Fail(armed);
  spdlog::info("Starting Hearth {}", kHearthVersion);
  for (const std::string& flag : command->flags.without_meaning) {
    spdlog::info("{} is accepted for compatibility and does nothing here", flag);
  }
  for (const std::string& feature : command->flags.FeaturesWithoutEffect()) {
    spdlog::warn("--enable-feature={} has no effect here", feature);
  }

  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(std::move(command->flags), seams);
  if (!server.ok()) return Fail(server.status());
  for (;;) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal == SIGHUP) {
      (*server)->Reload().IgnoreError();  // Reload has logged it.
      continue;
    }
    spdlog::info("Received {}, exiting gracefully", signal == SIGINT ? "SIGINT" : "SIGTERM");
    break;
  }
  (*server)->Stop();
  spdlog::info("See you next time!");
  return 0;
}

}  // namespace hearth
