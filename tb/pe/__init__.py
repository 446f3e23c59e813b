"""Testbench of the processing element."""
