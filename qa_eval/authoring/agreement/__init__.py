"""Agreement of two people who answered the same questions."""
