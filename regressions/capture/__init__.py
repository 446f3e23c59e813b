"""Capture of traces: trains a network in PyTorch and records one iteration of it at every layer.

Only this package needs PyTorch (and scikit-learn or Pillow, for the data sets that use them); nothing
outside it imports it.
"""
