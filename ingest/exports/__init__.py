"""What providers say was used and charged: exports and invoices, landed in whole buckets.

Data flow: files -> ``ingest/sources/<source>.py`` -> ``records`` -> ``landing`` -> data/raw.
"""
