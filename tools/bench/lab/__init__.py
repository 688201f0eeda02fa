"""The benchmark lab: measures monitoring servers from outside, side by side. Read main.py, workloads.py, lineup.py, session.py."""
