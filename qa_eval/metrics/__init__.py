"""How good an answer is: pure functions on plain values, fractions in [0, 1]."""
