"""Tests that drive pins cycle by cycle, with the bus models of cocotbext-axi; run inside the simulator."""
