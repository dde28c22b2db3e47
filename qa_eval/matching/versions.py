"""The versions of the rules, for whoever names them without reading an answer."""

READING_VERSION = "2"
"""Rises with every change that can make `read_answer` read an answer otherwise."""
