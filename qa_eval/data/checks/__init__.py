"""Checks of a collection: each question alone, its claims, the articles, and the set as a whole.

check_report      runs every check and reports all findings at once
question_checks   each question alone: ids, words, flags, answers that leak
claim_checks      the claims of a question: complete and distinct
article_checks    a question against the articles: every span is where the question says
set_checks        questions against each other: ids and facts that occur twice
exemptions        warnings that an author has reviewed and accepted
limits            how much of a set is read and checked
"""
