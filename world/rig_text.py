"""Cameras of a rig as a person types them: one view per line, `name yaw` or `name yaw pitch`."""

import math


def parse_views(text: str) -> tuple[dict[str, float], list[float]]:
    """View name -> yaw in degrees to the right, and the pitches in degrees upwards, in the same order.

    Empty lines are skipped and `#` starts a comment.

    Raises:
        ValueError: naming the line (counted from 1), if a field is missing or no number, or a name comes twice.
    """
    yaws: dict[str, float] = {}
    pitches: list[float] = []
    for number, line in enumerate(text.splitlines(), start=1):
        fields = line.partition("#")[0].split()
        if not fields:
            continue
        if len(fields) not in (2, 3):
            raise ValueError(f"line {number}: expected 'name yaw' or 'name yaw pitch', given {len(fields)} fields.")
        if fields[0] in yaws:
            raise ValueError(f"line {number}: there is a view '{fields[0]}' already; give it another name.")
        try:
            angles = [float(field) for field in fields[1:]]
        except ValueError:
            angles = [math.nan]
        if not all(map(math.isfinite, angles)):
            raise ValueError(f"line {number}: yaw and pitch must be numbers of degrees, given '{line.strip()}'.")
        yaws[fields[0]] = angles[0]
        pitches.append(angles[1] if len(angles) == 2 else 0.0)
    if not yaws:
        raise ValueError("The rig has no view: write one per line as 'name yaw', for instance 'front 0'.")
    return yaws, pitches
