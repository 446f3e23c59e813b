"""Tests of the sign-off reports, on made-up runs: nothing is simulated."""
