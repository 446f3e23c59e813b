"""Tests of the accuracy study."""
