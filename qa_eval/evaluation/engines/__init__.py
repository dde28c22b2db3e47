"""Engines: where predicting happens.

engine            the protocol that engines follow, and what goes in and comes out
local             this process
ray               a Ray cluster: its start, its room, and the batches that are out
ray_stream        a Ray data set that is fed while it is read
ray_worker        what runs on the cluster: a process that holds one model
"""
