"""Tasks: what a run asks, and how answers are scored. `task` has the protocol; there are two tasks."""
