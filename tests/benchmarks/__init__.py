"""Measurements, not tests: pytest does not collect them, and no test depends on time."""
