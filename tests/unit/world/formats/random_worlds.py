"""Random agents for round trips through files."""

import numpy as np
import torch
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from shared_world.world.agents import Agent, Agents, Body
from shared_world.world.poses import rigid
from shared_world.world.rigs import Rig

NAMES = st.sampled_from(["red", "blue", "a b", "Zoë"])


def random_poses(*shape: int, seed: int, metres: float = 50.0) -> torch.Tensor:
    """(*shape, 4, 4) float64 poses with uniform rotations."""
    count = int(torch.tensor(shape).prod())
    rotation = torch.from_numpy(Rotation.random(count, np.random.default_rng(seed)).as_matrix()).reshape(*shape, 3, 3)
    generator = torch.Generator().manual_seed(seed)
    return rigid(rotation, metres * torch.randn(*shape, 3, generator=generator, dtype=torch.float64))


def centred_lenses(*shape: int, width: int, height: int, generator: torch.Generator) -> torch.Tensor:
    """(*shape, 3, 3) matrices of cameras with square pixels and a centred principal point."""
    lenses = torch.zeros(*shape, 3, 3, dtype=torch.float64)
    focal = width * (0.3 + torch.rand(*shape, generator=generator, dtype=torch.float64))
    lenses[..., 0, 0] = lenses[..., 1, 1] = focal
    lenses[..., 0, 2], lenses[..., 1, 2], lenses[..., 2, 2] = width / 2, height / 2, 1.0
    return lenses


@st.composite
def worlds(draw, names=NAMES, centred=True, agent_frame_is_first_view=False) -> Agents:
    """One to three agents with random paths, rigs, lenses and bodies; zoom in some of them."""
    seed = draw(st.integers(0, 2**32 - 1))
    generator = torch.Generator().manual_seed(seed)
    frames = draw(st.integers(1, 5))
    names = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    members = []
    for number, name in enumerate(names):
        views = draw(st.integers(1, 4))
        width, height = draw(st.integers(16, 4096)), draw(st.integers(16, 4096))
        mounts = random_poses(views, seed=seed + number, metres=2.0)
        if agent_frame_is_first_view:
            mounts[0] = torch.eye(4)
        lenses = centred_lenses(frames, views, width=width, height=height, generator=generator)
        if not centred:
            lenses[..., :2, :] *= 0.5 + torch.rand(frames, views, 2, 1, generator=generator, dtype=torch.float64)
        zooms = frames > 1 and draw(st.booleans())
        size = (1.0 + torch.rand(3, generator=generator, dtype=torch.float64)).tolist()
        centre = torch.randn(3, generator=generator, dtype=torch.float64).tolist()
        members.append(
            Agent(
                name=name,
                poses=random_poses(frames, seed=seed + 10 + number),
                rig=Rig([f"view {view}" for view in range(views)], mounts, lenses[0], width, height),
                body=Body(size, centre) if draw(st.booleans()) else None,
                frame_intrinsics=lenses if zooms else None,
            )
        )
    return Agents(tuple(members), draw(st.sampled_from([8.0, 20.0, 23.976, 24000 / 1001])))
