"""What goes wrong with one server; the run goes on without it."""


class Trouble(Exception):
    """A server cannot go on with this workload. The others do, and the next workload has it again."""
