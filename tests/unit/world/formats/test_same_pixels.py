"""What cameras see after they went through a file of each format."""

import dataclasses
from functools import cache

import numpy as np
import pytest
import torch

from shared_world.pocket.render import render_views
from shared_world.pocket.views import Views
from shared_world.tests.unit.pocket.scenes import crossroads
from shared_world.world.agents import Agent, Agents
from shared_world.world.encounters import encounter
from shared_world.world.formats import ReadOptions, all_formats, read_agents_from_files, write_agents
from shared_world.world.mounts import one_agent_per_view
from shared_world.world.rigs import rig_from_yaws

SIZE = (48, 32)
OPTIONS = ReadOptions(8.0, *SIZE, horizontal_fov=90.0)

SPECIAL_OPTIONS = {"hy_worldplay": {"one_pose_per": "frame"}}
"""Without them a format drops frames."""


@cache
def world() -> Agents:
    """Two cars at the crossroads, each with a front view and one back to the left, three frames."""
    rig = rig_from_yaws({"front": 0.0, "back left": -120.0}, *SIZE, mount=(0.0, -1.6, 0.0))
    agents = encounter("left_turn_meeting", distance=8.0, speed=5.0, frames=41, rig=rig)
    moments = agents.select_frames([0, 20, 40])
    # Cameras as agents' frames, so that formats without rigs lose nothing.
    members = (dataclasses.replace(agent, body=None) for agent in one_agent_per_view(moments).members)
    return Agents(tuple(members), 8.0)


def seen(members: tuple[Agent, ...]) -> torch.Tensor:
    """(agents * frames, height, width, 3) pictures."""
    extrinsics = torch.cat([agent.extrinsics()[:, 0] for agent in members])
    intrinsics = torch.cat([agent.intrinsics()[:, 0] for agent in members])
    count = len(extrinsics)
    frames, owners = torch.zeros(count, dtype=torch.long), torch.full((count,), -1)
    views = Views(extrinsics, intrinsics, SIZE[1], SIZE[0], frames, owners)
    return render_views(crossroads(), views, samples=1).rgb


@cache
def wanted() -> torch.Tensor:
    return seen(world().members)


def test_the_pictures_differ_from_each_other():
    pictures = wanted()
    for first in range(len(pictures)):
        for second in range(first):
            assert (pictures[first] - pictures[second]).abs().mean() > 0.01


@pytest.mark.parametrize("format_id", all_formats())
def test_the_same_pixels_are_seen_through_every_format(format_id, tmp_path):
    found = all_formats()[format_id]
    special = SPECIAL_OPTIONS.get(format_id, {})
    reading = found.read_options(**{**dataclasses.asdict(OPTIONS), **special})
    writing = found.write_options(**special)
    agents = world()
    written = write_agents(agents, tmp_path / f"path{found.written_suffix}", format_id, writing)
    again = one_agent_per_view(read_agents_from_files(written, reading, format_id))
    assert again.frame_count == agents.frame_count
    assert len(again) == len(agents)
    for agent, original in zip(again.members, agents.members, strict=True):
        np.testing.assert_allclose(agent.extrinsics(), original.extrinsics(), atol=1e-4)
        assert (agent.rig.width, agent.rig.height) == SIZE
    difference = (seen(again.members) - wanted()).abs().amax(-1)
    # Rounding may move an edge over the middle of a pixel.
    assert (difference > 0.02).float().mean() < 0.002
