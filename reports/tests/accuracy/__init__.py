"""Tests of the accuracy study's report."""
