"""What the product got for its calls, what was changed and when, who pays how much for it.

Flow: costs (of each call) -> tasks -> events (what became of each) -> delivery (files);
changes (deploys, prompts, policies); contracts (fees, budgets). Truth of all of it in ``truth``.
"""
