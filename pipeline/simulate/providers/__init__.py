"""The providers of the made-up company: what they count, charge and invoice, from the same calls.

Flow: usage (what they count) -> plants (what differs on purpose) -> charges (money) -> one module
per provider (files) -> truth. The arithmetic is this package's own: the price seed, counts of the
call table and exact decimals, never the warehouse.
"""
