"""The benchmark lab: measures monitoring servers from outside, one after the other. Read main.py, workloads.py, session.py."""
