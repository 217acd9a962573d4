"""Worlds of which is known how they are right, and the same numbers as they look when read with a wrong convention."""

import random
from dataclasses import replace

import numpy as np
import torch

from shared_world.world.agents import Agents
from shared_world.world.encounters import ENCOUNTERS, encounter
from shared_world.world.formats.cameras import single_camera_agent
from shared_world.world.placing import place_agents
from shared_world.world.rigs import front_rig

OPENGL = np.diag([1.0, -1.0, -1.0, 1.0])
Z_UP = np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
"""From our world to one with z up, x kept: up (-y) becomes z, forward (z) becomes y."""
UNREAL = np.array([[0.0, 0, 1, 0], [1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
"""From our axes to Unreal's: x forward, y right, z up."""

WRONG = {
    "world-to-camera": np.linalg.inv,
    "OpenGL cameras": lambda poses: poses @ OPENGL,
    "OpenGL cameras, world-to-camera": lambda poses: np.linalg.inv(poses @ OPENGL),
    "y up": lambda poses: OPENGL @ poses,
    "three.js": lambda poses: OPENGL @ poses @ OPENGL,
    "z up": lambda poses: Z_UP @ poses,
    "Blender": lambda poses: Z_UP @ poses @ OPENGL,
    "Unreal": lambda poses: UNREAL @ poses @ UNREAL.T,
    "centimetres": lambda poses: scaled(poses, 100.0),
    "hundreds of metres": lambda poses: scaled(poses, 0.01),
}
"""What a file holds when it is written in each way, from camera-to-world poses in our axes."""

SAYS = {
    "world-to-camera": "inverted",
    "OpenGL cameras": "camera_axes opengl",
    "OpenGL cameras, world-to-camera": "camera_axes opengl",
    "y up": "world_axes y up",
    "three.js": "camera_axes opengl and world_axes y up",
    "z up": "world_axes z up",
    "Blender": "camera_axes opengl and world_axes z up",
    "Unreal": "camera_axes unreal and world_axes unreal",
    "centimetres": "metres_per_unit 0.01",
    "hundreds of metres": "metres_per_unit 100",
}
"""Words of the warning."""


def scaled(poses, factor):
    poses = poses.copy()
    poses[..., :3, 3] *= factor
    return poses


def misread(agents: Agents, wrong: str) -> Agents:
    """The agents whose poses are the numbers of such a file, taken for ours."""
    members = [
        replace(agent, poses=torch.from_numpy(np.ascontiguousarray(WRONG[wrong](agent.poses.numpy()))))
        for agent in agents.members
    ]
    return Agents(tuple(members), agents.frame_rate)


def random_encounter(seed: int) -> Agents:
    """Two cars with a front camera each, anywhere in the world; the agents are the cameras, as in most files."""
    draw = random.Random(seed)
    frames, frame_rate = draw.choice([17, 33, 49]), draw.choice([4.0, 8.0, 16.0, 25.0])
    speed = draw.uniform(3.0, 14.0)
    rig = front_rig(640, 480, draw.uniform(50.0, 110.0), (0.0, -draw.uniform(1.2, 2.0), draw.uniform(0.0, 1.0)))
    agents = encounter(
        draw.choice(list(ENCOUNTERS)),
        distance=max(4.0, speed * frames / frame_rate * draw.uniform(0.3, 0.7)),
        speed=speed,
        jitter=draw.uniform(0.0, 1.0),
        seed=seed,
        frames=frames,
        frame_rate=frame_rate,
        rig=rig,
    )
    agents = place_agents(agents, draw.uniform(-50, 50), 0.0, draw.uniform(-50, 50), draw.uniform(-180, 180))
    members = [
        single_camera_agent(agent.name, agent.extrinsics()[:, 0], agent.intrinsics()[0, 0], (640, 480))
        for agent in agents.members
    ]
    return Agents(tuple(members), agents.frame_rate)
