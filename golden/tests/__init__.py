"""Tests of the golden model against independent references."""
