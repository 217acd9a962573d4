"""What the page's scripts take over from Python: encounters to start from, and numbers that both must agree on.

    python -m shared_world.development.make_frontend_data

Writes frontend/src/editor/encounters.json and tests/fixtures/drawings.json anew.
"""

import json
from typing import Any, get_args

import numpy as np
import torch

from ..world.agents import Agents, Body
from ..world.collisions import body_separations
from ..world.drawing import Drawing, DrawnAgent, drawing_from_agents, drawing_text, read_drawing
from ..world.encounters import CAR, ENCOUNTERS, encounter
from ..world.paths import Easing, Waypoint
from ..world.poses import inverse
from ..world.rigs import rig_from_yaws
from .locations import ROOT

ENCOUNTERS_FILE = ROOT / "frontend" / "src" / "editor" / "encounters.json"
FIXTURES_FILE = ROOT / "tests" / "fixtures" / "drawings.json"

WORLD_POINTS = [(0.3, -0.4, 5.2), (3.1, -1.5, 12.3), (-8.2, 0.1, -4.4), (0.5, -2.5, 30.0), (20.0, 1.0, 0.25)]
"""Places in metres whose pixels the fixtures hold for every camera."""


def encounters() -> dict[str, Any]:
    """Every encounter without random shifts: what it is, and its drawing with few waypoints."""
    return {
        name: {
            "summary": kind.summary,
            "drawing": json.loads(drawing_text(drawing_from_agents(encounter(name, jitter=0.0), 0.3, 8.0))),
        }
        for name, kind in ENCOUNTERS.items()
    }


def fixtures() -> list[dict[str, Any]]:
    """Drawings with the poses, cameras, pixels and distances that follow from them."""
    return [_fixture(name, drawing, frames, frame_rate) for name, (drawing, frames, frame_rate) in _drawings().items()]


def _fixture(name: str, drawing: Drawing, frames: int, frame_rate: float) -> dict[str, Any]:
    text = drawing_text(drawing)
    agents = read_drawing(text).at_frames(frames, frame_rate)
    bodies = all(agent.body is not None for agent in agents.members)
    return {
        "name": name,
        "drawing": json.loads(text),
        "frames": frames,
        "frame_rate": frame_rate,
        "poses": [_numbers(agent.poses[:, :3].flatten(1)) for agent in agents.members],
        "cameras": [_numbers(agent.extrinsics()[-1, :, :3].flatten(1)) for agent in agents.members],
        "pixels": _pixels(agents),
        "separations": _numbers(body_separations(agents)[0, 1]) if bodies and len(agents) > 1 else None,
    }


def _pixels(agents: Agents) -> list[list[list[list[float]]]]:
    """(agents, views, points, 3) u, v and depth of `WORLD_POINTS` in the last frame's cameras."""
    points = torch.tensor([(*point, 1.0) for point in WORLD_POINTS], dtype=torch.float64)
    pixels = []
    for agent in agents.members:
        local = points @ inverse(agent.extrinsics()[-1]).mT
        projected = local[..., :3] @ agent.intrinsics()[-1].mT
        pixels.append(_numbers(torch.cat([projected[..., :2] / projected[..., 2:], local[..., 2:3]], dim=-1)))
    return pixels


def _numbers(values: torch.Tensor) -> Any:
    return np.round(values.numpy(), 10).tolist()


def _drawings() -> dict[str, tuple[Drawing, int, float]]:
    points = [Waypoint(0, (0, 0, 0)), Waypoint(2, (0, 0, 10)), Waypoint(3, (4, 0, 14)), Waypoint(5, (16, -1, 15))]
    turned = [
        Waypoint(point.time, point.position, yaw) for point, yaw in zip(points, (0, 170, None, -170), strict=True)
    ]
    fast = [Waypoint(0, (0, 0, 0), speed=9.0), Waypoint(2, (2, 0, 10), speed=0.5), Waypoint(3, (4, 0, 14), speed=99.0)]
    standing = [
        Waypoint(0, (0, 0, 0)), Waypoint(1, (3, 0, 3)), Waypoint(2, (3, 0, 3), yaw=-90), Waypoint(4, (-3, 0, 4)),
        Waypoint(4.5, (-3, 0, 4)), Waypoint(5, (-3, 0, 4), speed=3.0),
    ]  # fmt: skip
    climbing = [Waypoint(0, (0, 0, 0), yaw=30), Waypoint(1, (0, -4, 0)), Waypoint(3, (0, -4, 8))]
    waiting = [Waypoint(0.5, (2, 0, -3), yaw=45), Waypoint(2, (2, 0, -3), yaw=270)]
    rig = rig_from_yaws({"ahead": 10.0, "down": -60.0}, 320, 200, 70.0, (0.2, -1.2, 0.5), [5.0, -40.0])
    cart = Body((1.0, 1.2, 3.0), (0.0, -0.6, 0.8))
    eased = [DrawnAgent(easing, points, CAR, easing=easing) for easing in get_args(Easing)]
    two = DrawnAgent("one", points, CAR), DrawnAgent("two", fast, cart, rig)
    on_the_spot = DrawnAgent("a", climbing, CAR), DrawnAgent("b", waiting, cart)
    late = DrawnAgent("still", [Waypoint(3, (1, 0, 2), yaw=20)]), DrawnAgent("late", points[2:], easing="ease_in")
    cases = {
        "through corners": (Drawing(two), 41, 8.0),
        "eased": (Drawing(eased), 13, 2.0),
        "with yaws and stops": (Drawing((DrawnAgent("a", turned), DrawnAgent("b", standing))), 33, 6.0),
        "climbing and turning on the spot": (Drawing(on_the_spot), 17, 5.0),
        "not from the beginning": (Drawing(late), 11, 2.0),
    }
    random = np.random.default_rng(7)
    cases["random"] = (Drawing(tuple(_random_agent(random, f"agent {number}") for number in range(4))), 49, 8.0)
    return cases


def _random_agent(random: np.random.Generator, name: str) -> DrawnAgent:
    count = int(random.integers(2, 8))
    times = np.cumsum(random.uniform(0.3, 2.0, count))
    places = random.uniform(-20.0, 20.0, (count, 3)) * [1.0, 0.1, 1.0]

    def sometimes(low: float, high: float) -> float | None:
        return None if random.random() < 0.6 else float(random.uniform(low, high))

    waypoints = [
        Waypoint(time, tuple(place), sometimes(-360.0, 360.0), sometimes(0.0, 30.0))
        for time, place in zip(times, places, strict=True)
    ]
    return DrawnAgent(name, tuple(waypoints), CAR)


def encounters_text() -> str:
    """The text of frontend/src/editor/encounters.json."""
    return json.dumps(encounters(), indent=1) + "\n"


def fixtures_text() -> str:
    """The text of tests/fixtures/drawings.json, one case per line."""
    lines = ",\n".join(json.dumps(case) for case in fixtures())
    return f'{{"world_points": {json.dumps(WORLD_POINTS)},\n"cases": [\n{lines}\n]}}\n'


def main() -> None:
    """Write both files."""
    FIXTURES_FILE.parent.mkdir(exist_ok=True)
    ENCOUNTERS_FILE.write_text(encounters_text(), encoding="utf-8")
    FIXTURES_FILE.write_text(fixtures_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
