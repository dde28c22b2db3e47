"""Extractive question answering, evaluated: contested answers where the sources disagree."""

__version__ = "0.1.0"
