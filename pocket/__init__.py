"""Pocket Town: a small procedural town with exact ground truth, seen by any number of agents.

Poses are camera-to-world with OpenCV axes (x right, y down, z forward) in metres; the ground is the plane y = 0.

Pixels are areas: pixel (row j, column i) of a picture covers u in [i, i + 1), v in [j, j + 1), its centre is
(i + 0.5, j + 0.5), and a principal point of (width / 2, height / 2) is the middle of the picture. Intrinsics then scale
with the picture size, as `Rig.resized` does. Depth and instances are those of the pixel centres. ShareVerse's raymaps
take the ray of a pixel at (i, j), half a pixel up and left of that, as their source does.
"""
