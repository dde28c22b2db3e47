"""Tasks: what a run asks, and how answers are scored.

task              the protocols of a task and of its parts
curated           facts asked of articles
public            questions of a public data set
"""
