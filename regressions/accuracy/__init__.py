"""Accuracy study: the same training in several formats and with several seeds, and traces of its course.

Needs neither PyTorch nor data sets itself: each run is a process of `regressions.training`.
"""
