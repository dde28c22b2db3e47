"""Checks of a collection: each question alone, its claims, the articles, and the set as a whole.

check_report      every check, with all findings at once
question_checks   each question alone: ids, words, flags, answers that leak
claim_checks      the claims of a question: complete and distinct
article_checks    a question against the articles: every span where it is said to be
set_checks        questions against each other: ids and facts that come twice
exemptions        warnings that an author has found right as they are
limits            how much of a set is read and checked
"""
