"""Capture of traces: trains a network in PyTorch and records one iteration of it at every layer.

Only this package and `regressions.training` need PyTorch (and scikit-learn or Pillow, for the data sets that
use them); nothing outside the two imports them.
"""
