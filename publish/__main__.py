"""Runs ``python -m publish``."""

from publish.cli import app

app()
