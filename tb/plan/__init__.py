"""The test plan: which tests and coverpoints stand for each feature of the design."""
