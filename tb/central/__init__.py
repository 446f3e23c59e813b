"""The central core's modules: benches of dispatch, links to memory and tables, and bound checkers of all."""
