"""A run from plan to stored result.

plans             what a run will do: models, data, signatures
run               asks every model, scores its answers, writes the run folder
engines/          where predicting happens: this process, or a Ray cluster
cache             answers that were computed before
tasks/            the items of a collection or of a public data set, and their scores
verification      scores a stored run again
scorecard         scores predictions that somebody else made
given_answers     those predictions, from files or from memory
forecast/         what a run would cost
speed             tokens a second, next to the bare forward pass
environment       the machine and the versions
"""
