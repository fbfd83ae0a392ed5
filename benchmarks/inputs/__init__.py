"""Inputs of the benchmarks: made from formulas, so the same rows every time and a known truth."""
