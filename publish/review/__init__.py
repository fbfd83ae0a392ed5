"""The weekly review as a page to read: data/reports/weekly_review.md."""
