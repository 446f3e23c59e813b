"""Event model of power: energies per event and component, calibration, voltage and frequency."""
