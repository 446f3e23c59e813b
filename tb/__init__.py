"""Testbenches, the simulator toolchain, and assertions and covers bound to the RTL."""
