"""What the kernel knows about a process and a directory: CPU, memory, bytes allocated on disk."""

import os
import time
from dataclasses import dataclass

_KIB = 1024


@dataclass(frozen=True)
class Memory:
    """In bytes. `peak` is the high-water mark of `rss` since the process began."""

    rss: int
    anonymous: int
    peak: int


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads, ended ones included, by the kernel's nanosecond clock of that process."""
    # The id that clock_getcpuclockid(3) gives: the complement of the pid, shifted, and CPUCLOCK_SCHED.
    return time.clock_gettime((~pid << 3) | 2)


def memory(pid: int) -> Memory:
    values = {}
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
        for line in status:
            key, _, rest = line.partition(":")
            if key in ("VmRSS", "RssAnon", "VmHWM"):
                values[key] = int(rest.split()[0]) * _KIB
    return Memory(values["VmRSS"], values["RssAnon"], values["VmHWM"])


def written_bytes(pid: int) -> int:
    """What the process made the kernel write to disks, less what it took back before that by deleting files. Sockets are not in it."""
    values = {}
    with open(f"/proc/{pid}/io", encoding="ascii") as counts:
        for line in counts:
            key, _, value = line.partition(":")
            values[key] = int(value)
    return values["write_bytes"] - values["cancelled_write_bytes"]


def disk_bytes(*roots: str) -> int:
    """Allocated bytes of the files below `roots`: holes do not count, hard links count once. Files may vanish meanwhile."""
    seen = {}
    for root in roots:
        for folder, _, names in os.walk(root):
            for name in names:
                try:
                    info = os.lstat(os.path.join(folder, name))
                except FileNotFoundError:
                    continue
                seen[(info.st_dev, info.st_ino)] = info.st_blocks * 512
    return sum(seen.values())
