"""Real agents' tasks with what they cost and whether they were solved."""
