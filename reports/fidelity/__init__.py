"""The fidelity study as a page, a JSON document and a table on the terminal."""
