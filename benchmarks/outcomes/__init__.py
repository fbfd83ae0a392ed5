"""How often the interval of cost per success holds the truth."""
