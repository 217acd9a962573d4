"""Videos of Pocket Town from a driving car, with everything known about them."""

from dataclasses import dataclass
from functools import cache

from torch import Tensor

from shared_world.pocket.render import render_agents
from shared_world.pocket.town import FIRST_CAR
from shared_world.tests.unit.pocket.scenes import crossroads
from shared_world.world.agents import Agent, Agents
from shared_world.world.encounters import CAMERA_HEIGHT, CAR, encounter
from shared_world.world.rigs import front_rig
from shared_world.world.scene import gaussian_of_body
from shared_world.world.unrolling import UnrolledWorld, UnrollOptions, unroll_video

HEIGHT, WIDTH, FRAME_RATE = 96, 144, 8.0
OPTIONS = UnrollOptions(dilation=2.0, voxel=0.1, farthest=80.0)
"""For pictures this small."""


@dataclass(frozen=True, eq=False)
class TownVideo:
    """What agent 2 films of agent 1; rgb, depth and cars have a first axis for the agents."""

    agents: Agents
    rgb: Tensor
    depth: Tensor
    cars: Tensor

    @property
    def filmed(self) -> Agent:
        return self.agents.members[0]

    @property
    def filming(self) -> Agent:
        return self.agents.members[1]

    def centres(self) -> Tensor:
        """(frames, 3) middle of the filmed car."""
        return gaussian_of_body(self.filmed.poses, CAR)[0]

    def unrolled(self, known_size: bool = True, masks: Tensor | None = None, **changed) -> UnrolledWorld:
        given = {
            "images": self.rgb[1],
            "depth": self.depth[1],
            "extrinsics": self.filming.extrinsics()[:, 0],
            "intrinsics": self.filming.intrinsics()[:, 0],
            "masks": self.cars[1][None] if masks is None else masks,
            "frame_rate": FRAME_RATE,
            "names": ["car"],
            "bodies": {"car": CAR} if known_size else None,
            "options": OPTIONS,
        }
        return unroll_video(**{**given, **changed})


@cache
def town_video(preset: str, frames: int = 33) -> TownVideo:
    rig = front_rig(WIDTH, HEIGHT, mount=(0.0, -CAMERA_HEIGHT, 0.0))
    agents = encounter(preset, distance=14.0, speed=6.0, frames=frames, frame_rate=FRAME_RATE, rig=rig)
    pictures = render_agents(crossroads(), agents, samples=2)
    cars = pictures.instances[:, :, 0] >= FIRST_CAR
    return TownVideo(agents, pictures.rgb[:, :, 0], pictures.depth[:, :, 0], cars)
