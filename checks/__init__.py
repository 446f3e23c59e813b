"""Checks of the project itself: its RTL's lint and synthesis, its layout, its pins, its test rules."""
