#include "server/process_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace hearth {
namespace {

// The fields of /proc/self/stat after the command name; index 0 is the state.
std::vector<std::string> StatFields() {
  std::ifstream in("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream fields(text.substr(name_end + 1));
  return {std::istream_iterator<std::string>(fields), std::istream_iterator<std::string>()};
}

// Seconds since the epoch at which the machine started.
double BootTime() {
  std::ifstream in("/proc/stat");
  std::string word;
  while (in >> word) {
    double value = 0;
    if (word == "btime" && in >> value) return value;
  }
  return 0;
}

int64_t CountOpenFds() {
  DIR* dir = opendir("/proc/self/fd");
  if (dir == nullptr) return 0;
  int64_t count = -3;  // ".", ".." and the descriptor of this walk.
  while (readdir(dir) != nullptr) ++count;
  closedir(dir);
  return count;
}

}  // namespace

ProcessStats ReadProcessStats() {
  ProcessStats stats;
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const std::vector<std::string> fields = StatFields();
  // Numbers of the fields: proc(5), less the first two (pid and name).
  if (fields.size() > 21) {
    stats.cpu_seconds = (std::stod(fields[11]) + std::stod(fields[12])) / ticks;
    stats.threads = std::stoi(fields[17]);
    stats.start_time_s = BootTime() + std::stod(fields[19]) / ticks;
    stats.virtual_bytes = std::stoll(fields[20]);
    stats.resident_bytes = std::stoll(fields[21]) * sysconf(_SC_PAGESIZE);
  }
  stats.open_fds = CountOpenFds();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) stats.max_fds = static_cast<int64_t>(limit.rlim_cur);
  return stats;
}

void RegisterProcessMetrics(metrics::Registry* registry) {
  struct Row {
    const char* name;
    const char* help;
    metrics::MetricKind kind;
    double (*value)(const ProcessStats&);
  };
  using metrics::MetricKind;
  static constexpr Row kRows[] = {
      {"process_cpu_seconds_total", "Total user and system CPU time spent in seconds.",
       MetricKind::kCounter, [](const ProcessStats& s) { return s.cpu_seconds; }},
      {"process_resident_memory_bytes", "Resident memory size in bytes.", MetricKind::kGauge,
       [](const ProcessStats& s) { return static_cast<double>(s.resident_bytes); }},
      {"process_virtual_memory_bytes", "Virtual memory size in bytes.", MetricKind::kGauge,
       [](const ProcessStats& s) { return static_cast<double>(s.virtual_bytes); }},
      {"process_open_fds", "Number of open file descriptors.", MetricKind::kGauge,
       [](const ProcessStats& s) { return static_cast<double>(s.open_fds); }},
      {"process_max_fds", "Maximum number of open file descriptors.", MetricKind::kGauge,
       [](const ProcessStats& s) { return static_cast<double>(s.max_fds); }},
      {"process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
       MetricKind::kGauge, [](const ProcessStats& s) { return s.start_time_s; }},
      {"process_threads", "Number of OS threads in the process.", MetricKind::kGauge,
       [](const ProcessStats& s) { return static_cast<double>(s.threads); }},
  };
  for (const Row& row : kRows) {
    registry->AddCallback(row.name, row.help, row.kind,
                          [value = row.value] { return value(ReadProcessStats()); });
  }
}

}  // namespace hearth
