// server/cgroup_limit.h
//
// The memory that the process may take before the kernel ends it: what a container or a systemd
// unit was given, read from control groups of version 2 and 1.
//
// Thread safety: pure function of the file system.
#ifndef HEARTH_SERVER_CGROUP_LIMIT_H_
#define HEARTH_SERVER_CGROUP_LIMIT_H_

#include <cstdint>
#include <string>

namespace hearth {

// In bytes: the smallest limit of the group that `proc_cgroup` names and of those around it, as far
// as they can be seen below `root`. 0: there is none.
int64_t CgroupMemoryLimit(const std::string& proc_cgroup = "/proc/self/cgroup",
                          const std::string& root = "/sys/fs/cgroup");

}  // namespace hearth

#endif  // HEARTH_SERVER_CGROUP_LIMIT_H_
