"""A figure of a server, as it stands in the table."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    label: str
    unit: str
    value: float
    compared: bool = True  # False: context only (a count, the size of an answer).
    more_is_better: bool = False
