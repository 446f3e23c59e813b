"""The replays as a pytest suite, so that pytest-xdist spreads them over the cores."""
