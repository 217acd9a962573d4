"""Cameras as other nodes pass them around: one module per dialect, plain lists, dicts and tensors to agents and back.

Every module says in which direction its poses map, in which axes and units, and what is lost. Poses of agents are
camera-to-world in the world frame of `world.poses`; nothing is re-based unless the dialect demands it.
"""
