"""Metrics: how near generated views are to the truth, and whether the agents look at one world.

Pictures are (agents, frames, views, height, width, 3) in 0..1. A pixel (row j, column i) covers u in [i, i + 1) and
v in [j, j + 1); depth and instances are those of its centre. A number that has nothing to be measured on is NaN, which
means missing, never zero.
"""
