#include "blackbox/exporters.h"

#include <pwd.h>
#include <unistd.h>

#include <filesystem>

namespace hearth::blackbox {
namespace {

std::string Loopback(uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

// PostgreSQL refuses to run as root: its programs run as its own user then.
std::vector<std::string> AsPostgres(std::vector<std::string> argv) {
  argv[0] = FindProgram(argv[0]);
  if (geteuid() != 0) return argv;
  std::vector<std::string> wrapped = {FindProgram("setpriv"), "--reuid=postgres",
                                      "--regid=postgres", "--clear-groups"};
  wrapped.insert(wrapped.end(), argv.begin(), argv.end());
  return wrapped;
}

bool Serves(uint16_t port, const std::string& path) {
  return WaitFor(seconds(30), [&] {
    return Http("GET", "http://" + Loopback(port) + path, "", {}, seconds(5)).status == 200;
  });
}

}  // namespace

std::string Exporters::Missing() {
  static constexpr std::pair<const char*, const char*> kPrograms[] = {
      {"prometheus", "prometheus"},
      {"prometheus-node-exporter", "prometheus-node-exporter"},
      {"prometheus-redis-exporter", "prometheus-redis-exporter"},
      {"prometheus-postgres-exporter", "prometheus-postgres-exporter"},
      {"prometheus-blackbox-exporter", "prometheus-blackbox-exporter"},
      {"redis-server", "redis-server"},
      {"initdb", "postgresql"},
  };
  std::string missing;
  for (const auto& [program, package] : kPrograms) {
    if (FindProgram(program).empty())
      missing += (missing.empty() ? "" : " ") + std::string(package);
  }
  return missing;
}

Process& Exporters::Launch(const std::string& name, const std::vector<std::string>& argv,
                           const TempDir& directory, const std::vector<std::string>& environment) {
  processes_.push_back(std::make_unique<Process>(argv, directory.Path(name + ".log"), environment));
  return *processes_.back();
}

bool Exporters::StartRedis(const TempDir& directory) {
  const uint16_t redis = FreePort(), exporter = FreePort();
  Launch("redis",
         {"redis-server", "--port", std::to_string(redis), "--bind", "127.0.0.1", "--save", "",
          "--dir", directory.path()},
         directory);
  Launch("redis-exporter",
         {"prometheus-redis-exporter", "-web.listen-address", Loopback(exporter), "-redis.addr",
          "redis://" + Loopback(redis)},
         directory);
  targets_.push_back({"redis", exporter});
  return Serves(exporter, "/metrics");
}

bool Exporters::StartPostgres(const TempDir& directory) {
  const uint16_t port = FreePort(), exporter = FreePort();
  const std::string data = directory.Path("postgres"), sockets = directory.Path("pgsock");
  std::filesystem::create_directory(data);
  std::filesystem::create_directory(sockets);
  std::filesystem::permissions(directory.path(), std::filesystem::perms(0755));
  if (geteuid() == 0) {
    const passwd* user = getpwnam("postgres");
    if (user == nullptr || chown(data.c_str(), user->pw_uid, user->pw_gid) != 0 ||
        chown(sockets.c_str(), user->pw_uid, user->pw_gid) != 0) {
      error_ = "cannot give the data directory to the user postgres";
      return false;
    }
  }
  Process& init = Launch(
      "initdb", AsPostgres({"initdb", "-D", data, "-A", "trust", "-U", "postgres", "--no-sync"}),
      directory);
  if (init.Wait(seconds(60)) != 0) {
    error_ = "initdb: " + init.Output();
    return false;
  }
  Launch("postgres",
         AsPostgres({"postgres", "-D", data, "-p", std::to_string(port), "-h", "127.0.0.1", "-k",
                     sockets}),
         directory);
  Launch(
      "postgres-exporter",
      {"prometheus-postgres-exporter", "--web.listen-address=" + Loopback(exporter)}, directory,
      {"DATA_SOURCE_NAME=postgresql://postgres@" + Loopback(port) + "/postgres?sslmode=disable"});
  targets_.push_back({"postgres", exporter});
  return Serves(exporter, "/metrics");
}

bool Exporters::Start(const TempDir& directory) {
  const uint16_t node = FreePort(), blackbox = FreePort();
  Launch("node", {"prometheus-node-exporter", "--web.listen-address=" + Loopback(node)}, directory);
  targets_.push_back({"node", node});
  const std::string modules =
      directory.Write("blackbox.yml", "modules:\n  http_2xx:\n    prober: http\n");
  Launch("blackbox",
         {"prometheus-blackbox-exporter", "--config.file=" + modules,
          "--web.listen-address=" + Loopback(blackbox)},
         directory);
  targets_.push_back({"blackbox", blackbox, "/probe",
                      "{module: [http_2xx], target: ['http://" + Loopback(node) + "/metrics']}"});
  if (!Serves(node, "/metrics") || !Serves(blackbox, "/metrics")) {
    error_ = "node or blackbox exporter does not answer";
    return false;
  }
  if (!StartRedis(directory) || !StartPostgres(directory)) {
    if (error_.empty()) error_ = "redis or postgres exporter does not answer";
    return false;
  }
  return true;
}

std::string Exporters::ScrapeConfigs(const std::vector<Target>& extra) const {
  std::string yaml = "scrape_configs:\n";
  std::vector<Target> all = targets_;
  all.insert(all.end(), extra.begin(), extra.end());
  for (const Target& target : all) {
    yaml += "  - job_name: " + target.job + "\n    metrics_path: " + target.metrics_path + "\n";
    if (!target.params.empty()) yaml += "    params: " + target.params + "\n";
    yaml += "    static_configs:\n      - targets: ['" + Loopback(target.port) + "']\n";
  }
  return yaml;
}

std::unique_ptr<ServerProcess> StartPrometheus(const TempDir& directory, const std::string& name,
                                               std::string_view config,
                                               const std::vector<std::string>& flags) {
  const uint16_t port = FreePort();
  std::vector<std::string> argv = {
      "prometheus", "--config.file=" + directory.Write(name + ".yml", config),
      "--storage.tsdb.path=" + directory.Path(name), "--web.listen-address=" + Loopback(port),
      "--web.enable-remote-write-receiver"};
  argv.insert(argv.end(), flags.begin(), flags.end());
  return std::make_unique<ServerProcess>(std::move(argv), port, directory.Path(name + ".log"));
}

}  // namespace hearth::blackbox
