"""What leaves the warehouse: reports as CSV. The mirror of ``ingest``; never imports dbt."""
