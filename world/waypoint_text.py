"""Waypoints as a person types them: one per line, `time x z` or `time x y z` or `time x y z yaw`."""

from .paths import Waypoint

FIELDS = {
    3: ("time", "x", "z"),
    4: ("time", "x", "y", "z"),
    5: ("time", "x", "y", "z", "yaw"),
}
"""Meaning of the numbers of a line, by their count. Seconds, metres (x right, y down, z forward) and degrees."""


def parse_waypoints(text: str) -> list[Waypoint]:
    """Waypoints from text.

    Numbers are separated by spaces or tabs; `#` starts a comment; empty lines are skipped. Without y the waypoint lies
    on the ground (y = 0), without yaw the agent looks along its path.

    Raises:
        ValueError: naming the line (counted from 1) and the field, if a line has another number of fields, a field is
            not a finite number, a time is not after the one before, or no line has a waypoint.
    """
    waypoints: list[Waypoint] = []
    for number, line in enumerate(text.splitlines(), start=1):
        content = line.partition("#")[0].strip()
        if not content:
            continue
        values = _numbers(content, number)
        waypoint = Waypoint(values["time"], (values["x"], values.get("y", 0.0), values["z"]), values.get("yaw"))
        if waypoints and waypoint.time <= waypoints[-1].time:
            raise ValueError(
                f"line {number}, field 1 (time): {waypoint.time:g} s must be after the {waypoints[-1].time:g} s of the "
                "waypoint before it."
            )
        waypoints.append(waypoint)
    if not waypoints:
        raise ValueError("No waypoint given; write one per line as 'time x y z' with an optional yaw at the end.")
    return waypoints


def _numbers(content: str, line: int) -> dict[str, float]:
    if "," in content or ";" in content:
        raise ValueError(
            f"line {line}: '{content}' holds a comma or semicolon; separate numbers by spaces and write decimals with "
            "a point."
        )
    fields = content.split()
    if len(fields) not in FIELDS:
        raise ValueError(
            f"line {line}: expected 'time x z', 'time x y z' or 'time x y z yaw', "
            f"given {len(fields)} fields in '{content}'."
        )
    values: dict[str, float] = {}
    for position, (name, field) in enumerate(zip(FIELDS[len(fields)], fields, strict=True), start=1):
        try:
            values[name] = float(field)
        except ValueError:
            raise ValueError(f"line {line}, field {position} ({name}): '{field}' is not a number.") from None
        if not abs(values[name]) < float("inf"):
            raise ValueError(f"line {line}, field {position} ({name}): '{field}' is not a finite number.")
    return values
