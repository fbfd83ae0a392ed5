"""Made-up companies whose bills differ from their ledgers in known ways."""
