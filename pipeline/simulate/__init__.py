"""A made-up company's call logs: seeded, in several dialects, with faults and incidents planted.

The same arguments write the same bytes. Flow: traffic (who, when) -> attempts (model, retries) ->
tokens (classes, tiers, latency) -> faults -> delivery (files) and truth (what they must come to).
"""

from pipeline.simulate.run import simulate

__all__ = ["simulate"]
