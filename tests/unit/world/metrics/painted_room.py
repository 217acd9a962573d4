"""A room with smoothly painted walls and two agents in it, with exact ground truth."""

import torch

from shared_world.world.agents import Agent, Agents
from shared_world.world.metrics.known_clip import KnownClip
from shared_world.world.paths import upright_poses
from shared_world.world.poses import inverse
from shared_world.world.rigs import four_view_rig

LOW, HIGH = torch.tensor([-9.0, -5.0, -7.0]).double(), torch.tensor([9.0, 0.0, 7.0]).double()
BALL = 0.7
BALL_COLOUR = torch.tensor([0.9, 0.1, 0.1])
FIRST_WALL, FIRST_CAR = 2, 1000
HEIGHT, WIDTH = 24, 36


def paint(points: torch.Tensor) -> torch.Tensor:
    """Colours (..., 3) that vary slowly over points (..., 3)."""
    waves = points.new_tensor([[0.20, 0.31, 0.11], [-0.13, 0.22, 0.24], [0.26, -0.17, 0.15]])
    return 0.55 + 0.3 * torch.sin(points @ waves.T + points.new_tensor([0.3, 1.1, 2.0]))


def cast(origins: torch.Tensor, directions: torch.Tensor, balls: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Depth and instance of rays (..., 3) from inside the room; balls (balls, ..., 3) broadcast, NaN for none."""
    wall = torch.where(directions > 0.0, HIGH, LOW)
    depth, axis = ((wall - origins) / directions).min(-1)
    instances = FIRST_WALL + 2 * axis + (directions.gather(-1, axis[..., None])[..., 0] > 0.0)
    for number, centre in enumerate(balls):
        offset = origins - centre
        square, half = directions.square().sum(-1), (directions * offset).sum(-1)
        root = half.square() - square * (offset.square().sum(-1) - BALL**2)
        hit = (-half - root.clamp(min=0.0).sqrt()) / square
        nearer = (root > 0.0) & (hit > 0.0) & (hit < depth)
        depth = torch.where(nearer, hit, depth)
        instances = torch.where(nearer, FIRST_CAR + number, instances)
    return depth, instances


def two_agents(frames: int = 3, width: int = WIDTH, height: int = HEIGHT) -> Agents:
    """Two agents that drive past each other."""
    rig = four_view_rig(width, height, horizontal_fov=100.0)
    share = torch.linspace(0.0, 1.0, frames, dtype=torch.float64)[:, None]
    ends = [([-6.0, -1.5, -3.0], [2.0, -1.5, -2.0], 75.0), ([7.0, -1.2, 3.0], [-1.0, -1.2, 1.5], 250.0)]
    members = []
    for number, (start, stop, yaw) in enumerate(ends):
        start, stop = torch.tensor(start).double(), torch.tensor(stop).double()
        poses = upright_poses(start + share * (stop - start), torch.full((frames,), yaw, dtype=torch.float64))
        members.append(Agent(f"agent {number + 1}", poses, rig))
    return Agents(tuple(members), 8.0)


def cameras(agents: Agents, height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Extrinsics and intrinsics (agents, frames, views, ..) for pictures of a size."""
    sized = agents.with_rig(agents.members[0].rig.resized(width, height))
    return sized.extrinsics(), sized.intrinsics()


def pixel_rays(agents: Agents, height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Origins and directions (agents, frames, views, height, width, 3) through pixel centres, camera z component 1."""
    extrinsics, intrinsics = cameras(agents, height, width)
    v, u = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    pixels = torch.stack([u, v, torch.ones_like(u)], dim=-1).double()
    matrix = extrinsics[..., :3, :3] @ torch.linalg.inv(intrinsics)
    directions = torch.einsum("...ij,hwj->...hwi", matrix, pixels)
    return extrinsics[..., None, None, :3, 3].expand_as(directions), directions


def render(agents: Agents, height: int, width: int, hidden: tuple[int, ...] = ()):
    """Pictures, depth and instances; every agent is a ball that itself does not see; `hidden` balls are left out."""
    origins, directions = pixel_rays(agents, height, width)
    centres = agents.poses()[:, :, None, None, None, :3, 3]
    results = []
    for viewer in range(len(agents)):
        balls = centres.clone()
        for gone in (viewer, *hidden):
            balls[gone] = float("nan")
        results.append(cast(origins[viewer], directions[viewer], balls))
    depth, instances = (torch.stack(values) for values in zip(*results, strict=True))
    pictures = paint(origins + depth[..., None] * directions).float()
    pictures[instances >= FIRST_CAR] = BALL_COLOUR
    return pictures, depth.float(), instances


def known_clip(frames: int = 3, height: int = HEIGHT, width: int = WIDTH, agents: Agents | None = None) -> KnownClip:
    agents = two_agents(frames) if agents is None else agents
    truth, depth, instances = render(agents, height, width)
    without_others = render(agents, height, width, hidden=tuple(range(len(agents))))[0]
    extrinsics, intrinsics = cameras(agents, height, width)
    return KnownClip(
        truth,
        depth,
        extrinsics,
        intrinsics,
        instances,
        buildings=range(FIRST_WALL, FIRST_WALL + 6),
        cars=range(FIRST_CAR, FIRST_CAR + len(agents)),
        without_others=without_others,
    )


def project(point: torch.Tensor, extrinsics: torch.Tensor, intrinsics: torch.Tensor) -> torch.Tensor:
    """(u, v, depth) of one world point in one camera."""
    local = inverse(extrinsics)[:3, :3] @ point + inverse(extrinsics)[:3, 3]
    u, v, _ = (intrinsics @ local / local[2]).tolist()
    return torch.tensor([u, v, local[2].item()]).double()
