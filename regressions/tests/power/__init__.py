"""Tests of the power study."""
