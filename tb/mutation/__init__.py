"""The fault campaign: mutants of the RTL, made from its syntax tree, and which of them the tests catch."""
