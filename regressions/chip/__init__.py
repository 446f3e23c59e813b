"""Replays on the whole chip: compiled to a memory image, run on the RTL and on the golden model, compared."""
