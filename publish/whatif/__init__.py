"""What a month would have cost otherwise: other models, batch, another contract, other prices."""
