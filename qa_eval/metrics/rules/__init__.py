"""Official rules of exact match and F1, equal to the published scripts to the last bit."""
