"""A run, from plan to stored result, and the other ways to score answers.

run               the steps of a run, from top to bottom: plan, ask, score, store, rank
plans             plan: the models, data and signatures of a run
model_answers     ask: a model's answers in a task, from the cache and from an engine
engines/          the places where models answer: this process, or a Ray cluster
cache             answers that were computed earlier
tasks/            score: the items of a collection or of a public data set, and their scores
expenses          what the answers took: time and tokens, of all parts of an interrupted run
writers           store: rows, leaderboard and run folder during a run
transaction       a block of code that ctrl-C cannot split
verification      scores a stored run again
scorecard         scores predictions that another system made
claim_scores      scores predictions for facts with their own passages
given_answers     predictions of another system, from files or from memory
forecast          the cost of a run in time, memory and disk, and how it is shown
forecast_probe    counts what a run would ask, and lets models answer for a short time
published_results  results that others published, and whether a run agrees with them
speed             tokens per second, compared with the bare forward pass
environment       the machine and the versions of the libraries
"""
