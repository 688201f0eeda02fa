#include "server/run.h"

#include <signal.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <iostream>

#include "model/text.h"
#include "server/cgroup_limit.h"
#include "server/config_watch.h"
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

// Waits for a signal and reloads for SIGHUP, and with --config.auto-reload when a file has changed.
// Returns the signal that ends the process.
int ServeUntilSignal(Server* server, const sigset_t& signals, const Flags& flags) {
  ConfigWatch watch(flags.config_file, &SystemEnvironment());
  const timespec interval = {
      .tv_sec = static_cast<time_t>(flags.auto_reload_interval_ms / 1000),
      .tv_nsec = static_cast<int64_t>(flags.auto_reload_interval_ms % 1000) * 1'000'000};
  for (;;) {
    const int signal = sigtimedwait(&signals, nullptr, flags.auto_reload ? &interval : nullptr);
    if (signal == SIGHUP) {
      watch.Changed();                 // What a signal reloads, the next look need not.
      server->Reload().IgnoreError();  // Reload has logged it.
    } else if (signal > 0) {
      return signal;
    } else if (errno == EAGAIN && watch.Changed()) {
      spdlog::info("Configuration file change detected, reloading the configuration.");
      server->Reload().IgnoreError();
    }
  }
}

// As Prometheus does: the soft limit on open files is for programs that use select(2). Without the
// rights for more the limit stays, and the store keeps fewer files open.
void RaiseOpenFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Without the flag the server stays below what its container was given, with a tenth to spare for
// what comes between two looks and for the kernel's own.
void ResolveMemoryLimit(Flags* flags) {
  if (flags->memory_limit_bytes >= 0) return;
  const int64_t group = CgroupMemoryLimit();
  flags->memory_limit_bytes = group / 10 * 9;
  if (group == 0) return;
  flags->as_text["memory-limit"] = StrCat(flags->memory_limit_bytes, "B");
  spdlog::info("--memory-limit={}B, of the control group's {}", flags->memory_limit_bytes, group);
}

}  // namespace

int RunHearth(int argc, char** argv, const ServerSeams& seams) {
  const sigset_t signals = BlockSignals();
  RaiseOpenFileLimit();
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

  Flags& flags = command->flags;
  ResolveMemoryLimit(&flags);
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(flags, seams);
  if (!server.ok()) return Fail(server.status());
  const int signal = ServeUntilSignal(server->get(), signals, flags);
  spdlog::info("Received {}, exiting gracefully", signal == SIGINT ? "SIGINT" : "SIGTERM");
  (*server)->Stop();
  spdlog::info("See you next time!");
  return 0;
}

}  // namespace hearth
