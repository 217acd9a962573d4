import pytest
import torch

from shared_world.world.agents import Agent, Agents
from shared_world.world.poses import rigid, yaw_rotation
from shared_world.world.raymap_picture import raymap_picture
from shared_world.world.raymaps import RaymapOptions, build_raymaps
from shared_world.world.rigs import four_view_rig


def facing_agents(frames: int = 9) -> Agents:
    """Red at z = -10 looks along z, blue at z = +10 looks back."""
    members = []
    for name, z, yaw in (("red", -10.0, 0.0), ("blue", 10.0, 180.0)):
        pose = rigid(yaw_rotation(yaw), torch.tensor([0.0, 0.0, z], dtype=torch.float64))
        members.append(Agent(name, pose.repeat(frames, 1, 1), four_view_rig(48, 32)))
    return Agents(tuple(members), 16)


def colour(picture: torch.Tensor, row: int, rows: int, column: int, columns: int) -> list[float]:
    """Colour in the lower middle of a panel, clear of labels."""
    y = int(picture.shape[0] * (row + 0.6) / rows)
    x = int(picture.shape[1] * (column + 0.5) / columns)
    return picture[y, x].tolist()


@pytest.mark.parametrize("channel_layout", ["frame_major", "channel_major"])
def test_colours_show_where_agents_look_and_stand(channel_layout):
    agents = facing_agents()
    options = RaymapOptions(channel_layout=channel_layout)
    picture = raymap_picture(build_raymaps(agents, options, 8, 12), options, agents.names)
    assert picture.dtype == torch.float32
    assert 0.0 <= picture.min() <= picture.max() <= 1.0
    red_looks, red_stands, blue_looks, blue_stands = (colour(picture, row, 4, 1, 3) for row in range(4))
    assert red_looks[2] > 0.9
    assert blue_looks[2] < 0.1
    assert red_stands == pytest.approx([0.5, 0.5, 0.0], abs=0.01)
    assert blue_stands == pytest.approx([0.5, 0.5, 1.0], abs=0.01)


def test_panels_show_the_last_frame_of_their_group():
    """An agent that stands at z = -1 for frames 0..3 and at z = +4 in frame 4: centroid 0, extent 4."""
    poses = torch.eye(4, dtype=torch.float64).repeat(5, 1, 1)
    poses[:, 2, 3] = torch.tensor([-1.0, -1.0, -1.0, -1.0, 4.0])
    agents = Agents((Agent("red", poses, four_view_rig(48, 32)),), 16)
    picture = raymap_picture(build_raymaps(agents, RaymapOptions(), 8, 12))
    assert colour(picture, 1, 2, 0, 2) == pytest.approx([0.5, 0.5, 0.375], abs=0.01)
    assert colour(picture, 1, 2, 1, 2) == pytest.approx([0.5, 0.5, 1.0], abs=0.01)


def test_long_videos_show_a_few_frames_from_first_to_last():
    wide = raymap_picture(build_raymaps(facing_agents(49), RaymapOptions(), 8, 12), columns=5)
    short = raymap_picture(build_raymaps(facing_agents(17), RaymapOptions(), 8, 12), columns=5)
    assert wide.shape == short.shape


def test_pictures_of_one_latent_frame_and_of_standing_on_the_centroid_work():
    pose = torch.eye(4, dtype=torch.float64)[None]
    agents = Agents((Agent("red", pose, four_view_rig(48, 32)),), 16)
    picture = raymap_picture(build_raymaps(agents, RaymapOptions(), 8, 12))
    assert colour(picture, 1, 2, 0, 1) == pytest.approx([0.5, 0.5, 0.5], abs=0.01)


def test_other_tensors_are_refused():
    with pytest.raises(ValueError, match=r"shape .agents, 24, latent frames, height, width., given .1, 16, 3, 8, 12."):
        raymap_picture(torch.zeros(1, 16, 3, 8, 12))
    with pytest.raises(ValueError, match="holds 2 agents, given 1 names: red"):
        raymap_picture(torch.zeros(2, 24, 3, 8, 12), names=["red"])
