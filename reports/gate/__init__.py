"""The gate: a run's replays, coverage and fault score against a committed baseline."""
