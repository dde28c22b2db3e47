"""Impact of a change of the questions: what changed, and what it does to every number."""
