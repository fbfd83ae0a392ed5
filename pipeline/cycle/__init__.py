"""One scheduled cycle: ingest what is new -> build -> publish -> deliver alerts.

Each step is a process of its own, the same command a person would run. A step that fails, hangs
or is killed stops no other; the cycle then ends with 1.
"""
