"""Alert delivery: every state change of an incident or a budget, to whom it concerns, once.

Data flow: warehouse.duckdb (schema alerts) -> data/alerts/outbox.sqlite -> channels

    read     inputs.py    state changes and routes, as plain rows
    decide   decide.py    which route is told what and when; no clock, no file, no network
    keep     outbox.py    decisions, in one transaction with the changes they answer
    deliver  deliver.py   what is due; each result is recorded before the next attempt begins
"""
