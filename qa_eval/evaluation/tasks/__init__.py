"""Tasks: the questions of a run, and the scoring of answers.

task              the protocol that tasks follow
curated           facts asked of articles, one by one and of all at once
claim_facts       facts with their own passages, each asked of these alone
public            questions of a public data set, each asked of its context
"""
