"""Bit-exact golden model of numerics, schedule and counters; knows nothing of simulators."""
