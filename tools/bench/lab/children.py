"""The processes that the lab starts. Each dies with the lab, however that ends."""

import ctypes
import signal
import subprocess

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)
_running: list[subprocess.Popen] = []


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def start(argv: list[str], **kwargs) -> subprocess.Popen:
    """Starts `argv` in a session of its own, so that a Ctrl-C reaches it through the lab only."""
    kwargs.setdefault("stdin", subprocess.DEVNULL)
    child = subprocess.Popen(argv, start_new_session=True, preexec_fn=_die_with_parent, **kwargs)
    _running.append(child)
    return child


def end(child: subprocess.Popen, how: int = signal.SIGTERM, patience_s: float = 60.0) -> None:
    """Signals `child` and waits for its end; kills it after `patience_s`."""
    if child.poll() is None:
        child.send_signal(how)
        try:
            child.wait(patience_s)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    if child in _running:
        _running.remove(child)


def end_all() -> None:
    for child in list(_running):
        end(child, signal.SIGKILL)
