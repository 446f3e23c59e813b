"""Testbench of the feeder: streams of jobs in memory to the ports of a sparse core."""
