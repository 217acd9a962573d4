"""What a person draws: agents with waypoints, from which the paths of all frames follow."""

import math
from dataclasses import dataclass, replace

from ..agents import Agent, Agents, Body
from ..encounters import car_rig
from ..paths import Easing, Waypoint, check_easing, path_from_waypoints
from ..rigs import Rig


@dataclass(frozen=True)
class Limits:
    """Motion that a model is known to follow; the page marks what lies outside, nothing is refused.

    Attributes:
        slowest, fastest: metres per second of a moving agent.
        step: metres that an agent may move from frame to frame.
        turn: degrees that it may turn from frame to frame.
    """

    slowest: float = 0.0
    fastest: float = 15.0
    step: float = 2.0
    turn: float = 20.0

    def __post_init__(self) -> None:
        for name in ("slowest", "fastest", "step", "turn"):
            value = float(getattr(self, name))
            object.__setattr__(self, name, value)
            if not 0.0 <= value < math.inf:
                raise ValueError(f"The limit '{name}' must be a finite number from 0, given {value:g}.")


@dataclass(frozen=True)
class DrawnAgent:
    """One agent of a drawing.

    Attributes:
        name: unique in the drawing.
        waypoints: in order of time, at least one, none before 0 s. Until the first one the agent stands there.
        body: box around the agent, if known.
        rig: the agent's cameras; None gives the four views of a car.
        easing: how it gets going and stops.
    """

    name: str
    waypoints: tuple[Waypoint, ...]
    body: Body | None = None
    rig: Rig | None = None
    easing: Easing = "constant"

    def __post_init__(self) -> None:
        object.__setattr__(self, "waypoints", tuple(self.waypoints))
        check_easing(self.easing)
        if self.waypoints and self.waypoints[0].time < 0.0:
            raise ValueError(f"waypoint 1 is at {self.waypoints[0].time:g} s; a drawing begins at 0 s.")

    def at_frames(self, frames: int, frame_rate: float) -> Agent:
        """The agent over frames that begin at 0 s. Raises ValueError naming the agent."""
        waypoints = self.waypoints
        if waypoints and waypoints[0].time > 0.0:
            waypoints = (replace(waypoints[0], time=0.0, speed=None), *waypoints)
        try:
            poses = path_from_waypoints(waypoints, frames, frame_rate, self.easing)
        except ValueError as error:
            raise ValueError(f"agent '{self.name}': {error}") from error
        return Agent(self.name, poses, self.rig or car_rig(), self.body)


@dataclass(frozen=True)
class Drawing:
    """Agents with waypoints on one clock, in seconds, and one ground plane, in metres.

    Attributes:
        agents: in the order of the branches that a network samples.
        limits: motion that is marked when it is exceeded.
    """

    agents: tuple[DrawnAgent, ...] = ()
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        object.__setattr__(self, "agents", tuple(self.agents))

    def at_frames(self, frames: int, frame_rate: float) -> Agents:
        """The agents over `frames` at `frame_rate` per second.

        Raises:
            ValueError: if there is no agent, two have one name, or the waypoints of one make no path.
        """
        if not self.agents:
            raise ValueError("The drawing is empty; add an agent, or connect agents to start from.")
        return Agents(tuple(agent.at_frames(frames, frame_rate) for agent in self.agents), frame_rate)
