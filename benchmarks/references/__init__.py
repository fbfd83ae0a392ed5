"""Reference programs: the least that could be done with the same input, nothing checked."""
