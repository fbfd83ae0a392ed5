"""Prices: the catalogue that `genai-prices` ships, written down as dated seeds anyone can read.

Data flow: installed `genai-prices` -> `seeds/prices/price_list.csv` and `model_aliases.csv`.
`crosscheck` compares the same seed with a second catalogue. Nothing here prices a call: that is
SQL, in `models/intermediate/pricing/`. The commands are in `ingest.prices.cli`.
"""
