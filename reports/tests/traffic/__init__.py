"""Tests of the traffic study's report."""
