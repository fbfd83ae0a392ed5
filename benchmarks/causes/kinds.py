"""The planted causes: what each should be called, how long it lasts, how big it is."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.detection.tracks import BURSTY, STEADY, Kind

TRACKS = {
    track.name: track
    for track in (replace(STEADY, incident_share=0.5), replace(BURSTY, incident_share=0.5))
}

# kind -> the driver that is to come first
EXPECTED = {
    "volume": "volume",
    "retries": "retries",
    "model_mix": "model_mix",
    "input_tokens": "input_tokens",
    "cache_share": "cache_share",
    "output_tokens": "output_tokens",
    "price": "price",
    "untracked": "untracked_price",
    "unpriced": "untracked_price",
    "embed": "volume",
    "runaway": "volume",
    "slow_drift": "input_tokens",
}

# kind, hours from and to, size from and to; what a size is, usage.sql says
DEV_KINDS: tuple[Kind, ...] = (
    ("volume", 3, 72, 1.0, 3.0),
    ("retries", 3, 48, 1.0, 4.0),
    ("model_mix", 4, 96, 0.25, 0.7),
    ("input_tokens", 4, 96, 0.5, 1.5),
    ("cache_share", 6, 96, 0.6, 0.95),
    ("output_tokens", 4, 96, 0.7, 2.5),
    ("price", 6, 96, 0.4, 1.5),
    ("untracked", 4, 96, 0.4, 1.5),
    ("unpriced", 4, 96, 0.2, 0.6),
    ("embed", 6, 36, 1.2, 4.0),
    ("runaway", 3, 24, 0.5, 2.0),
    ("slow_drift", 84, 150, 0.6, 1.2),
)
# held-out incidents are drawn from wider ranges than those the models were improved on
HELD_OUT_KINDS: tuple[Kind, ...] = (
    ("volume", 3, 96, 0.8, 4.0),
    ("retries", 3, 60, 0.8, 5.0),
    ("model_mix", 3, 96, 0.2, 0.8),
    ("input_tokens", 3, 96, 0.4, 2.0),
    ("cache_share", 3, 96, 0.5, 1.0),
    ("output_tokens", 3, 96, 0.5, 3.0),
    ("price", 3, 96, 0.3, 2.0),
    ("untracked", 3, 96, 0.3, 2.0),
    ("unpriced", 3, 96, 0.15, 0.7),
    ("embed", 4, 48, 1.1, 5.0),
    ("runaway", 3, 36, 0.4, 3.0),
    ("slow_drift", 72, 160, 0.5, 1.5),
)
DEV_SEEDS = tuple(range(201, 221))
HELD_OUT_SEEDS = tuple(range(301, 321))
