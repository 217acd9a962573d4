"""The language of shared worlds: agents, rigs, paths, raymaps and tiles, in one world frame.

Poses are camera-to-world with OpenCV axes (x right, y down, z forward), right-handed, in metres, in one frame for all
agents. Intrinsics are in pixels. Nothing here imports ComfyUI or the networks.
"""
