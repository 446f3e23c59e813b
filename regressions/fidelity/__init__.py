"""Fidelity study: what this design does where figures of LNPU are published, measured."""
