"""Tests of traces, capture and regressions."""
