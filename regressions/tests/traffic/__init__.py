"""Tests of the traffic study."""
