"""Engines: the places where models answer.

engine            the protocol that engines follow
local             this process
ray               a Ray cluster
ray_stream        a Ray data set that gets its rows while it is read
ray_worker        the process on a cluster that holds a model
"""
