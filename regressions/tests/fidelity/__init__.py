"""Tests of the fidelity study."""
