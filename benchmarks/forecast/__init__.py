"""How good the month-end forecast is: series, their warehouse, the score."""
