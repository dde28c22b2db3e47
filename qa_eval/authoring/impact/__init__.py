"""Impact of a change of the questions: what changed, and how it affects every number.

set_changes       the differences between two versions of a question set
past_sets         the question set of a commit, read from git
impact_measures   the models' answers to new facts, and the change of every number
impact_formats    an impact on the terminal, as Markdown and as JSON
"""
