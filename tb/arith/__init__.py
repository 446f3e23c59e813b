"""Exhaustive, directed and random checks of the arithmetic modules against IEEE and OCP references."""
