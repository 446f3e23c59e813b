"""Tests of the fidelity study's report."""
