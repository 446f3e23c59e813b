"""Tests of the power study's report."""
