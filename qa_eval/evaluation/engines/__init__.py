"""Engines: where predicting happens.

engine            the protocol that engines follow
local             this process
ray               a Ray cluster
ray_stream        a Ray data set that is fed while it is read
ray_worker        the process on a cluster that holds the model
"""
