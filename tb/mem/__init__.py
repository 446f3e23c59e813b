"""Testbench of the queue and the memory."""
