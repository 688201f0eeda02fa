// blackbox/process.h
//
// A child process of a test: starts a program with its output in a file, waits for it with a
// deadline, kills it with the test.
//
// Thread safety: none; one test owns it.
#ifndef HEARTH_BLACKBOX_PROCESS_H_
#define HEARTH_BLACKBOX_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace hearth::blackbox {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Polls `condition` until it holds or `deadline` has passed; says which. The one way in which
// black-box tests wait.
bool WaitFor(milliseconds deadline, const std::function<bool()>& condition);

class Process {
 public:
  // Starts argv[0] (a path, or a name on PATH) with stdout and stderr appended to `output_path`.
  // The child gets SIGKILL when this process dies. Fails the process start with exit code 127, seen
  // by Wait.
  Process(const std::vector<std::string>& argv, const std::string& output_path,
          const std::vector<std::string>& environment = {}, const std::string& directory = "");
  ~Process();  // SIGKILL and reap when it still runs.
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  bool Running();
  void Signal(int signal);
  // The exit code (128 + signal when it was killed), or nothing when the deadline passed first.
  std::optional<int> Wait(milliseconds deadline);
  // SIGTERM, then Wait; SIGKILL when the deadline passed.
  std::optional<int> Terminate(milliseconds deadline = seconds(20));
  void Kill();  // SIGKILL and reap.

  std::string Output() const;

  // CPU seconds (user and system) and resident bytes of the running process, from /proc.
  double CpuSeconds() const;
  int64_t ResidentBytes() const;
  // Of these, what no file holds: memory that was taken, without the program's own pages.
  int64_t AnonymousBytes() const;

 private:
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
  const std::string output_path_;
};

// The full path of a program on PATH or in the usual sbin folders and PostgreSQL's, or "" when it
// is not installed.
std::string FindProgram(const std::string& name);

}  // namespace hearth::blackbox

#endif  // HEARTH_BLACKBOX_PROCESS_H_
