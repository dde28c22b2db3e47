"""Engines: where predicting happens. `engine` has the protocol that they follow."""
