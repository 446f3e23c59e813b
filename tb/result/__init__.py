"""The result path alone, and the threshold policy, against the golden model."""
