"""Power study: gates and events, two estimates of the energy of real tiles, set side by side."""
