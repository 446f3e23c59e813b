"""Testbench of the chip: registers, memory model, protocol checks, whole runs."""
