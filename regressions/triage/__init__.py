"""Triage of a regression: buckets by cause, the smallest tile that still fails, waves around the mismatch."""
