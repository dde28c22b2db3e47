"""The checks of a collection, one kind in each module.

check_report      runs every check, and gathers the findings in order
question_checks   a question by itself: its words, its paraphrases, its category
claim_checks      its claims against each other
article_checks    its evidence against the articles, and the silent articles
set_checks        the questions of a set against each other
exemptions        findings that are known to be right
limits            how much of a set is checked
"""
