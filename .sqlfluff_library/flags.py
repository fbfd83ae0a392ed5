"""Stands in for dbt's flags while linting."""

FULL_REFRESH = False
WHICH = "compile"
