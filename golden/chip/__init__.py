"""The chip's software side: what lies in memory, how it is compiled, planned, driven and read back.

docs/chip.md is the contract.
"""
