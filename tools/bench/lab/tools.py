"""Where the load generators and the recording are."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tools:
    push: str
    targets: str
    trace: str | None  # None: there is no recording.
