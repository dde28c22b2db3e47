"""A run from plan to stored result.

run               the steps of a run, from top to bottom: plan, ask, score, store, rank
plans             plan: what a run will do: models, data, signatures
model_answers     ask: what a model answers in a task, from the cache and from an engine
engines/          where predicting happens: this process, or a Ray cluster
cache             answers that were computed before
tasks/            score: the items of a collection or of a public data set, and their scores
writers           store: rows, leaderboard and run folder while a run is under way
transaction       a block of code that ctrl-C cannot split
verification      scores a stored run again
scorecard         scores predictions that somebody else made
forecast          what a run would take: the arithmetic, and how it is shown
forecast_probe    counts what a run would ask, and has models answer for a while
given_answers     those predictions, from files or from memory
speed             tokens a second, next to the bare forward pass
environment       the machine and the versions
"""
