"""Coverage of the tests: of the code, and of what they are fed."""
