"""Impact of a change of the questions: what changed, and what it does to every number.

set_changes       what differs between two versions of a question set
past_sets         the question set of a commit, read from git
impact_measures   what a change does to models on new facts, and to every number
impact_formats    an impact on the terminal, as Markdown and as JSON
"""
