"""Activity estimate of power: gates of an open cell library, real operands, toggles, energies."""
