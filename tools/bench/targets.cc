// targets: serves what a scraper of many exporters sees. README.md lists the flags.
#include <csignal>
#include <iostream>
#include <string>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "tools/bench/page_server.h"

namespace hearth::bench {
namespace {

struct TargetsFlags {
  PageServerOptions pages;
  int duration_s = 3600;
};

void AddFlags(CLI::App& app, TargetsFlags* flags) {
  app.add_option("--listen", flags->pages.listen, "host:port; port 0 = any (127.0.0.1:0)");
  app.add_option("--targets", flags->pages.targets, "Targets, at /t/<i>/metrics (20)")
      ->check(CLI::Range(1, 10'000));
  app.add_option("--series", flags->pages.series, "Series a target (2000)")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--seed", flags->pages.seed, "Seed of the first target (1)");
  app.add_option("--move-ms", flags->pages.move_ms, "Values make a step in this time (1000)")
      ->check(CLI::Range(10, 86'400'000));
  app.add_option("--duration-s", flags->duration_s, "Ends by itself after this time (3600)")
      ->check(CLI::Range(1, 86'400));
}

int Main(const TargetsFlags& flags) {
  // Blocked before any thread starts, so that this one may wait for them.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  const auto server = PageServer::Start(flags.pages);
  if (!server.ok()) {
    std::cerr << "targets: " << server.status().message() << "\n";
    return 1;
  }
  std::cout << "{\"port\":" << (*server)->port() << "}" << std::endl;
  const timespec duration{flags.duration_s, 0};
  sigtimedwait(&ends, nullptr, &duration);
  std::cout << "{\"scrapes\":" << (*server)->scrapes() << ",\"late\":" << (*server)->late() << "}"
            << std::endl;
  return 0;
}

}  // namespace
}  // namespace hearth::bench

int main(int argc, char** argv) {
  CLI::App app("Serves moving metrics of many targets to a scraper");
  hearth::bench::TargetsFlags flags;
  hearth::bench::AddFlags(app, &flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    return 0;
  } catch (const CLI::ParseError& error) {
    std::cerr << "targets: " << error.what() << " (try --help)\n";
    return 1;
  }
  return hearth::bench::Main(flags);
}
