"""Checks of a collection: each question alone, its claims, the articles, and the set as a whole."""
