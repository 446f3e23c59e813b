"""Traces of real training, their capture, and the regressions that replay them on the RTL."""
