"""What leaves the warehouse: reports, the month close, FOCUS. The mirror of ``ingest``; no dbt."""

__version__ = "0.1.0"
