"""What one answer is worth against a wording: pure functions on plain values.

Two scorers stand side by side and are never blended: `squad`, bit-exact with the official scripts, and `typed`,
which reads numbers, dates and names and explains every credit. `answer_sets` and `calibration` judge many answers.
"""
