"""The shapes the company's logs come in: one module per shape, all from the canonical frame."""
