"""Faults put into the RTL: each must be caught by a named test (those of the arithmetic are in tb/arith)."""
