#include "blackbox/process.h"

#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

namespace hearth::blackbox {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// Blocks this thread for a moment without holding anything: poll(2) on nothing.
void Pause(milliseconds duration) {
  timespec ts{duration.count() / 1000, (duration.count() % 1000) * 1'000'000};
  nanosleep(&ts, nullptr);
}

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& s : strings) pointers.push_back(const_cast<char*>(s.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

bool WaitFor(milliseconds deadline, const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  for (;;) {
    if (condition()) return true;
    if (std::chrono::steady_clock::now() >= end) return false;
    Pause(milliseconds(20));
  }
}

Process::Process(const std::vector<std::string>& argv, const std::string& output_path,
                 const std::vector<std::string>& environment, const std::string& directory)
    : output_path_(output_path) {
  std::vector<char*> args = Pointers(argv);
  std::vector<std::string> all_environment;
  for (char** e = environ; *e != nullptr; ++e) all_environment.emplace_back(*e);
  all_environment.insert(all_environment.end(), environment.begin(), environment.end());
  std::vector<char*> envp = Pointers(all_environment);
  const std::string program =
      argv[0].find('/') == std::string::npos ? FindProgram(argv[0]) : argv[0];
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ != 0) return;

  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  const int out = open(output_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(in, 0);
  dup2(out, 1);
  dup2(out, 2);
  if (!directory.empty() && chdir(directory.c_str()) != 0) _exit(127);
  execve(program.c_str(), args.data(), envp.data());
  _exit(127);
}

Process::~Process() { Kill(); }

bool Process::Running() { return !Wait(milliseconds(0)).has_value(); }

void Process::Signal(int signal) {
  if (pid_ > 0 && !exit_code_) kill(pid_, signal);
}

std::optional<int> Process::Wait(milliseconds deadline) {
  WaitFor(deadline, [this] {
    if (exit_code_) return true;
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) != pid_) return false;
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return true;
  });
  return exit_code_;
}

std::optional<int> Process::Terminate(milliseconds deadline) {
  Signal(SIGTERM);
  const std::optional<int> code = Wait(deadline);
  if (!code) Kill();
  return code;
}

void Process::Kill() {
  Signal(SIGKILL);
  Wait(seconds(10));
}

std::string Process::Output() const { return ReadFile(output_path_); }

double Process::CpuSeconds() const {
  const std::string stat = ReadFile("/proc/" + std::to_string(pid_) + "/stat");
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(stat.substr(name_end + 2));
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

int64_t Process::ResidentBytes() const {
  std::istringstream fields(ReadFile("/proc/" + std::to_string(pid_) + "/statm"));
  int64_t size = 0, resident = 0;
  fields >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

int64_t Process::AnonymousBytes() const {
  std::istringstream fields(ReadFile("/proc/" + std::to_string(pid_) + "/statm"));
  int64_t size = 0, resident = 0, of_files = 0;
  fields >> size >> resident >> of_files;
  return (resident - of_files) * sysconf(_SC_PAGESIZE);
}

std::string FindProgram(const std::string& name) {
  const char* path = getenv("PATH");
  std::string folders = path == nullptr ? "" : path;
  folders += ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  glob_t postgres{};
  if (glob("/usr/lib/postgresql/*/bin", 0, nullptr, &postgres) == 0) {
    for (size_t i = 0; i < postgres.gl_pathc; ++i)
      folders += std::string(":") + postgres.gl_pathv[i];
  }
  globfree(&postgres);
  std::istringstream in(folders);
  std::string folder;
  while (std::getline(in, folder, ':')) {
    const std::string candidate = folder + "/" + name;
    if (!folder.empty() && access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return "";
}

}  // namespace hearth::blackbox
