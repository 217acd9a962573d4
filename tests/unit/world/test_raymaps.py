import json
import logging
from dataclasses import replace

import pytest
import torch

from shared_world.world.agents import Agent, Agents
from shared_world.world.poses import pitch_rotation, rigid, yaw_rotation
from shared_world.world.raymaps import (
    RaymapOptions,
    build_raymaps,
    centre_translations,
    compress_origins,
    frame_groups,
    latent_frame_count,
    latent_pixel_centres,
    pack_frames,
)
from shared_world.world.rigs import Rig, four_view_rig, front_rig
from shared_world.world.tiles import SINGLE_VIEW, STRIP, TWO_BY_TWO, TileLayout, join_views, split_views

FRONT = RaymapOptions()
PER_TILE = RaymapOptions(layout="per_tile")


def random_poses(frames: int, generator: torch.Generator) -> torch.Tensor:
    yaw, pitch = 360 * torch.rand(2, frames, dtype=torch.float64, generator=generator)
    position = 10 * torch.randn(frames, 3, dtype=torch.float64, generator=generator)
    return rigid(yaw_rotation(yaw) @ pitch_rotation(pitch), position)


def random_rig(width: int = 48, height: int = 32, seed: int = 0) -> Rig:
    """Four named cameras, each with its own mount, turn and lens."""
    generator = torch.Generator().manual_seed(seed)
    intrinsics = torch.eye(3, dtype=torch.float64).repeat(4, 1, 1)
    intrinsics[:, 0, 0] = 20 + 10 * torch.rand(4, generator=generator)
    intrinsics[:, 1, 1] = 20 + 10 * torch.rand(4, generator=generator)
    intrinsics[:, 0, 2] = width * (0.4 + 0.2 * torch.rand(4, generator=generator))
    intrinsics[:, 1, 2] = height * (0.4 + 0.2 * torch.rand(4, generator=generator))
    return Rig(("front", "rear", "left", "right"), random_poses(4, generator), intrinsics, width, height)


def random_agents(count: int = 2, frames: int = 5, rig: Rig | None = None, seed: int = 0) -> Agents:
    generator = torch.Generator().manual_seed(seed)
    rig = rig or random_rig()
    return Agents(tuple(Agent(f"agent {n}", random_poses(frames, generator), rig) for n in range(count)), 16)


def moved(agents: Agents, motion: torch.Tensor, only: int | None = None) -> Agents:
    members = (
        replace(agent, poses=motion @ agent.poses) if only in (None, number) else agent
        for number, agent in enumerate(agents.members)
    )
    return Agents(tuple(members), agents.frame_rate)


def translation_by(x: float, y: float, z: float) -> torch.Tensor:
    return rigid(torch.eye(3, dtype=torch.float64), torch.tensor([x, y, z], dtype=torch.float64))


def ray_at(matrix, pose, u: float, v: float) -> list[float]:
    """One ray direction in plain Python floats."""
    camera = ((u - matrix[0][2]) / matrix[0][0], (v - matrix[1][2]) / matrix[1][1], 1.0)
    return [sum(pose[row][axis] * camera[axis] for axis in range(3)) for row in range(3)]


def looped_front_raymap(agents: Agents, groups: list[list[int]], height: int, width: int) -> torch.Tensor:
    """Frame-major raymap of the front cameras, one scalar at a time; pictures already have the tile's size."""
    cameras = [[(pose @ agent.rig.view_to_agent[0]).tolist() for pose in agent.poses] for agent in agents.members]
    positions = [[pose[axis][3] for axis in range(3)] for path in cameras for pose in path]
    centroid = [sum(position[axis] for position in positions) / len(positions) for axis in range(3)]
    result = torch.zeros(len(agents), 24, len(groups), height, width, dtype=torch.float64)
    for a, agent in enumerate(agents.members):
        matrix = agent.rig.intrinsics[0].tolist()
        for latent_frame, group in enumerate(groups):
            for slot, frame in enumerate(group):
                pose = cameras[a][frame]
                for j in range(height):
                    for i in range(width):
                        ray = ray_at(matrix, pose, 8 * i + 3.5, 8 * j + 3.5)
                        for axis in range(3):
                            result[a, 6 * slot + axis, latent_frame, j, i] = ray[axis]
                            result[a, 6 * slot + 3 + axis, latent_frame, j, i] = pose[axis][3] - centroid[axis]
    return result


def test_front_raymap_equals_a_loop_over_agents_frames_and_pixels():
    agents = random_agents()
    expected = looped_front_raymap(agents, [[0, 0, 0, 0], [1, 2, 3, 4]], 4, 6)
    raymap = build_raymaps(agents, FRONT, 4, 6)
    assert raymap.shape == (2, 24, 2, 4, 6)
    assert raymap.dtype == torch.float32
    torch.testing.assert_close(raymap.double(), expected, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("factor", [4, 8, 3])
def test_closed_form_equals_bilinear_interpolation_of_the_full_map(factor):
    height, width = 5 * factor, 7 * factor
    agents = random_agents(frames=1, rig=random_rig(width, height))
    full = build_raymaps(agents, FRONT, height, width, factor=1)[:, :, 0]
    shrunk = torch.nn.functional.interpolate(
        full.double(), scale_factor=1 / factor, mode="bilinear", align_corners=False
    )
    closed = build_raymaps(agents, FRONT, 5, 7, factor=factor)[:, :, 0]
    torch.testing.assert_close(closed.double(), shrunk, atol=1e-5, rtol=1e-5)


def test_480x720_map_shrinks_to_60x90_exactly():
    u = torch.arange(720, dtype=torch.float64).expand(1, 1, 480, 720)
    v = torch.arange(480, dtype=torch.float64)[:, None].expand(1, 1, 480, 720)
    shrink = {"size": (60, 90), "mode": "bilinear", "align_corners": False}
    columns = torch.nn.functional.interpolate(u, **shrink)[0, 0]
    rows = torch.nn.functional.interpolate(v, **shrink)[0, 0]
    assert torch.equal(columns, latent_pixel_centres(90).expand(60, 90))
    assert torch.equal(rows, latent_pixel_centres(60)[:, None].expand(60, 90))


def test_full_resolution_pixels_are_counted_in_integers():
    """A camera with its principal point on pixel (2, 1) looks straight ahead there."""
    intrinsics = torch.tensor([[[4.0, 0.0, 2.0], [0.0, 5.0, 1.0], [0.0, 0.0, 1.0]]])
    rig = Rig(("front",), torch.eye(4)[None], intrinsics, 6, 4)
    agents = Agents((Agent("red", torch.eye(4)[None], rig),), 16)
    raymap = build_raymaps(agents, RaymapOptions(view_layout=SINGLE_VIEW), 4, 6, factor=1)[0, :, 0]
    assert raymap[:3, 1, 2].tolist() == [0.0, 0.0, 1.0]
    torch.testing.assert_close(raymap[:3, 3, 0], torch.tensor([-2 / 4, 2 / 5, 1.0]))
    assert raymap[3:6].abs().max() == 0.0


PACKINGS = {
    "consecutive": [[0, 0, 0, 0]] + [[4 * k - 3, 4 * k - 2, 4 * k - 1, 4 * k] for k in range(1, 13)],
    "aether_padding": [[0, 1, 2, 0]] + [[4 * k - 3, 4 * k - 2, 4 * k - 1, 4 * k] for k in range(1, 13)],
    "aether_released": [
        [0, 10, 23, 36],
        [1, 11, 24, 37],
        [2, 12, 25, 38],
        [0, 13, 26, 39],
        [1, 14, 27, 40],
        [2, 15, 28, 41],
        [3, 16, 29, 42],
        [4, 17, 30, 43],
        [5, 18, 31, 44],
        [6, 19, 32, 45],
        [7, 20, 33, 46],
        [8, 21, 34, 47],
        [9, 22, 35, 48],
    ],
}


@pytest.mark.parametrize("packing", list(PACKINGS))
def test_49_frames_make_13_groups_of_four(packing):
    assert frame_groups(49, packing).tolist() == PACKINGS[packing]


@pytest.mark.parametrize("packing", list(PACKINGS))
def test_channels_follow_the_packing_table(packing):
    """Frame f carries 100 f + c in channel c, so every packed value names where it came from."""
    values = (100.0 * torch.arange(49)[:, None] + torch.arange(6)).expand(2, 49, 6)
    frame_major = pack_frames(values, RaymapOptions(packing=packing))
    channel_major = pack_frames(values, RaymapOptions(packing=packing, channel_layout="channel_major"))
    assert frame_major.shape == channel_major.shape == (2, 24, 13)
    for latent_frame, group in enumerate(PACKINGS[packing]):
        blocks = [[100.0 * frame + channel for channel in range(6)] for frame in group]
        assert frame_major[1, :, latent_frame].tolist() == [value for block in blocks for value in block]
        by_channel = [[100.0 * frame + channel for frame in group] for channel in range(6)]
        assert channel_major[1, :, latent_frame].tolist() == [value for block in by_channel for value in block]


@pytest.mark.parametrize("packing", list(PACKINGS))
@pytest.mark.parametrize("channel_layout", ["frame_major", "channel_major"])
def test_raymaps_use_packing_and_channel_layout(packing, channel_layout):
    agents = random_agents(frames=49)
    raymap = build_raymaps(agents, RaymapOptions(packing=packing, channel_layout=channel_layout), 2, 3)
    # The rig is 48x32 pixels, the tile 24x16: rays of the small tile come from intrinsics of half the size.
    small = agents.members[0].rig.resized(24, 16)
    expected = looped_front_raymap(agents.with_rig(small), PACKINGS[packing], 2, 3)
    if channel_layout == "channel_major":
        expected = expected[:, [6 * slot + channel for channel in range(6) for slot in range(4)]]
    torch.testing.assert_close(raymap.double(), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("packing", list(PACKINGS))
def test_one_frame_fills_its_group_alone(packing):
    assert frame_groups(1, packing).tolist() == [[0, 0, 0, 0]]


@pytest.mark.parametrize(("frames", "nearest"), [(50, "49 or 53"), (48, "45 or 49"), (2, "1 or 5"), (0, "to 1 frames")])
def test_other_frame_counts_name_the_nearest_valid_ones(frames, nearest):
    with pytest.raises(ValueError, match=f"given {frames};.*{nearest}"):
        latent_frame_count(frames)


def test_raymaps_refuse_other_frame_counts():
    with pytest.raises(ValueError, match="4k\\+1 frames, given 6; resample the paths to 5 or 9"):
        build_raymaps(random_agents(frames=6), FRONT, 4, 6)


def test_all_agents_share_one_centroid():
    """Two agents 20 m apart stay 20 m apart; centred one by one they would fall onto each other."""
    still = torch.eye(4, dtype=torch.float64).repeat(5, 1, 1)
    agents = Agents(
        (
            Agent("red", translation_by(-3, 0, 0) @ still, front_rig(48, 32)),
            Agent("blue", translation_by(17, 0, 0) @ still, front_rig(48, 32)),
        ),
        16,
    )
    raymap = build_raymaps(agents, FRONT, 4, 6)
    assert raymap[0, 3].unique().tolist() == [-10.0]
    assert raymap[1, 3].unique().tolist() == [10.0]


def test_origins_far_from_zero_keep_their_precision():
    agents = random_agents()
    far = moved(agents, translation_by(4e6, -2e3, 7e6))
    torch.testing.assert_close(build_raymaps(far, FRONT, 4, 6), build_raymaps(agents, FRONT, 4, 6), atol=1e-5, rtol=0)


def test_common_translation_of_all_agents_changes_nothing():
    agents = random_agents()
    shifted = moved(agents, translation_by(5, -2, 30))
    for options in (FRONT, PER_TILE):
        torch.testing.assert_close(build_raymaps(shifted, options, 4, 6), build_raymaps(agents, options, 4, 6))


def test_moving_one_agent_moves_the_origins_of_both_and_no_direction():
    agents = random_agents()
    before = build_raymaps(agents, FRONT, 4, 6).unflatten(1, (4, 6))
    after = build_raymaps(moved(agents, translation_by(8, 0, 0), only=1), FRONT, 4, 6).unflatten(1, (4, 6))
    difference = after - before
    torch.testing.assert_close(difference[0, :, 3], torch.full_like(difference[0, :, 3], -4.0))
    torch.testing.assert_close(difference[1, :, 3], torch.full_like(difference[1, :, 3], 4.0))
    assert torch.equal(after[:, :, :3], before[:, :, :3])


def test_common_rotation_of_the_world_rotates_rays_and_origins():
    agents = random_agents()
    rotation = yaw_rotation(37.0) @ pitch_rotation(12.0)
    turned = moved(agents, rigid(rotation, torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)))
    before = build_raymaps(agents, FRONT, 4, 6).double().unflatten(1, (4, 2, 3))
    expected = torch.einsum("xc, agkcfhw -> agkxfhw", rotation, before)
    after = build_raymaps(turned, FRONT, 4, 6).double().unflatten(1, (4, 2, 3))
    torch.testing.assert_close(after, expected, atol=1e-4, rtol=1e-4)


def test_training_translation_is_added_to_every_origin():
    agents = random_agents()
    shift = torch.tensor([1.0, -2.0, 0.5])
    difference = build_raymaps(agents, FRONT, 4, 6, translation=shift) - build_raymaps(agents, FRONT, 4, 6)
    difference = difference.unflatten(1, (4, 6))
    for axis in range(3):
        expected = torch.full_like(difference[:, :, 3 + axis], shift[axis].item())
        torch.testing.assert_close(difference[:, :, 3 + axis], expected, atol=1e-5, rtol=0)
    assert difference[:, :, :3].abs().max() == 0.0


def test_centring_never_scales():
    positions = 100 * torch.randn(3, 5, 2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    centred = centre_translations(positions, positions[:, :, 0])
    torch.testing.assert_close(centred[:, :, 0].mean((0, 1)), torch.zeros(3, dtype=torch.float64))
    torch.testing.assert_close(centred - centred[0, 0, 0], positions - positions[0, 0, 0])


def test_compression_follows_the_formula_and_keeps_the_sign():
    origins = torch.tensor([-30.0, -0.1, 0.0, 0.5, 12.0], dtype=torch.float64)
    # log(1 + |10 x / 4|) by hand for the five values.
    expected = torch.tensor([-4.330733340286331, -0.22314355131420976, 0.0, 0.8109302162163288, 3.4339872044851463])
    torch.testing.assert_close(compress_origins(origins, 4.0), expected.double(), atol=1e-7, rtol=0)


def test_compression_applies_to_origins_only():
    agents = random_agents()
    plain = build_raymaps(agents, FRONT, 4, 6).unflatten(1, (4, 6))
    compressed = build_raymaps(agents, replace(FRONT, origin_compression=4.0), 4, 6).unflatten(1, (4, 6))
    assert torch.equal(compressed[:, :, :3], plain[:, :, :3])
    torch.testing.assert_close(compressed[:, :, 3:], compress_origins(plain[:, :, 3:], 4.0), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(("layout", "size"), [(TWO_BY_TWO, (4, 6)), (STRIP, (2, 12))], ids=["2x2", "1x4"])
def test_each_slot_holds_the_raymap_of_its_own_camera(layout, size):
    """All cameras at one point: then a rig of that view alone has the same centroid."""
    rig = replace(random_rig(), view_to_agent=four_view_rig(48, 32).view_to_agent)
    agents = random_agents(rig=rig)
    tile = build_raymaps(agents, RaymapOptions(layout="per_tile", view_layout=layout), *size)
    slots = split_views(tile, layout)
    for view, name in enumerate(layout.view_order):
        alone = Rig((name,), rig.view_to_agent[view][None], rig.intrinsics[view][None], rig.width, rig.height)
        options = RaymapOptions(view_layout=SINGLE_VIEW)
        expected = build_raymaps(agents.with_rig(alone), options, 2, 3)
        torch.testing.assert_close(slots[..., view, :, :], expected, atol=1e-5, rtol=1e-5)


def test_views_mounted_apart_keep_their_offset_from_the_front_camera():
    rig = random_rig()
    agents = random_agents(rig=rig)
    slots = split_views(build_raymaps(agents, PER_TILE, 4, 6)).double()
    last = agents.extrinsics()[:, -1, :, :3, 3]
    for view in range(4):
        offset = slots[:, 21:24, -1, view, 0, 0] - slots[:, 21:24, -1, 0, 0, 0]
        torch.testing.assert_close(offset, last[:, view] - last[:, 0], atol=1e-5, rtol=1e-5)
    centroid = agents.extrinsics()[:, :, 0, :3, 3].mean((0, 1))
    torch.testing.assert_close(slots[:, 21:24, -1, 0, 0, 0], last[:, 0] - centroid, atol=1e-5, rtol=1e-5)


def test_slots_line_up_with_joined_pictures():
    """A per-tile raymap at full size, built view by view and joined like the pictures, shrinks to the latent raymap."""
    agents = random_agents(frames=1)
    full = build_raymaps(agents, PER_TILE, 32, 48, factor=1)[:, :, 0].double()
    shrunk = torch.nn.functional.interpolate(full, size=(4, 6), mode="bilinear", align_corners=False)
    closed = build_raymaps(agents, PER_TILE, 4, 6)[:, :, 0].double()
    torch.testing.assert_close(closed, shrunk, atol=1e-5, rtol=1e-5)


def test_cameras_are_placed_by_name_not_by_order():
    rig = random_rig()
    order = [2, 0, 3, 1]
    shuffled = Rig(
        tuple(rig.view_names[view] for view in order), rig.view_to_agent[order], rig.intrinsics[order], 48, 32
    )
    agents = random_agents(rig=rig)
    for options in (FRONT, PER_TILE):
        expected = build_raymaps(agents, options, 4, 6)
        assert torch.equal(build_raymaps(agents.with_rig(shuffled), options, 4, 6), expected)
    reordered = TileLayout(2, 2, shuffled.view_names)
    tile = build_raymaps(agents, RaymapOptions(layout="per_tile", view_layout=reordered), 4, 6)
    slots = split_views(build_raymaps(agents, PER_TILE, 4, 6))
    assert torch.equal(tile, join_views(slots[..., order, :, :]))


def test_lens_that_zooms_is_read_per_frame():
    agents = random_agents(count=1)
    agent = agents.members[0]
    zoom = torch.diag(torch.tensor([2.0, 2.0, 1.0], dtype=torch.float64))
    matrices = agent.intrinsics().clone()
    matrices[3] = zoom @ matrices[3]
    zoomed = Agents((replace(agent, frame_intrinsics=matrices),), 16)
    doubled = agents.with_rig(replace(agent.rig, intrinsics=zoom @ agent.rig.intrinsics))
    plain, mixed, all_zoomed = (build_raymaps(world, FRONT, 4, 6)[0, :, 1] for world in (agents, zoomed, doubled))
    assert torch.equal(mixed[:12], plain[:12])
    assert torch.equal(mixed[12:18], all_zoomed[12:18])
    assert not torch.equal(mixed[12:15], plain[12:15])


def test_agents_may_have_different_rigs():
    agents = random_agents()
    one, other = agents.members
    mixed = Agents((one, replace(other, rig=one.rig.resized(480, 320))), 16)
    for options in (FRONT, PER_TILE):
        expected = build_raymaps(agents, options, 4, 6)
        torch.testing.assert_close(build_raymaps(mixed, options, 4, 6), expected, atol=1e-5, rtol=1e-5)


def test_stretched_pictures_scale_x_and_y_by_themselves():
    agents = random_agents(rig=random_rig(width=96, height=16))
    stretched = agents.members[0].rig.intrinsics.clone()
    stretched[:, 0] /= 2
    stretched[:, 1] *= 2
    rig = Rig(agents.members[0].rig.view_names, agents.members[0].rig.view_to_agent, stretched, 48, 32)
    expected = looped_front_raymap(agents.with_rig(rig), [[0, 0, 0, 0], [1, 2, 3, 4]], 4, 6)
    torch.testing.assert_close(build_raymaps(agents, FRONT, 4, 6).double(), expected, atol=1e-5, rtol=1e-5)


def test_one_agent_and_four_agents_work():
    assert build_raymaps(random_agents(1, 1), FRONT, 4, 6).shape == (1, 24, 1, 4, 6)
    assert build_raymaps(random_agents(4, 9), PER_TILE, 4, 6).shape == (4, 24, 3, 4, 6)


def test_raymaps_carry_no_gradient():
    agents = random_agents()
    agents.members[0].poses.requires_grad_(True)
    assert not build_raymaps(agents, FRONT, 4, 6).requires_grad


def test_per_tile_refuses_a_rig_without_the_views_of_the_tile():
    agents = random_agents(rig=front_rig(48, 32))
    with pytest.raises(ValueError, match=r"agent 'agent 0' has 1 views .front., a 2x2 tile needs 4"):
        build_raymaps(agents, PER_TILE, 4, 6)
    assert build_raymaps(agents, FRONT, 4, 6).shape == (2, 24, 2, 4, 6)


def test_per_tile_refuses_latents_that_do_not_split():
    with pytest.raises(ValueError, match=r"2x2 latent tile of height 5 and width 6.*nearest 4 or 6"):
        build_raymaps(random_agents(), PER_TILE, 5, 6)


def test_stretched_pictures_warn_and_run(caplog):
    agents = random_agents(rig=front_rig(32, 32))
    with caplog.at_level(logging.WARNING):
        build_raymaps(agents, FRONT, 4, 6)
    assert "agent 'agent 1': pictures of 32x32 are taken as stretched" in caplog.text


@pytest.mark.parametrize("layout", ["front", "per_tile"])
def test_pictures_of_the_right_shape_do_not_warn(caplog, layout):
    build_raymaps(random_agents(), RaymapOptions(layout=layout), 4, 6)
    build_raymaps(random_agents(), RaymapOptions(layout=layout, view_layout=STRIP), 2, 12)
    assert not caplog.records


@pytest.mark.parametrize(
    "options",
    [
        RaymapOptions(),
        RaymapOptions("per_tile", "aether_released", "channel_major", STRIP, 2.5),
        RaymapOptions(view_layout=TileLayout(1, 4, ("left", "front", "right", "rear"))),
    ],
)
def test_options_survive_json(options):
    assert RaymapOptions.from_dict(json.loads(json.dumps(options.to_dict()))) == options


def test_options_read_from_an_empty_record_are_the_defaults():
    assert RaymapOptions.from_dict({}) == RaymapOptions()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"layout": "panorama"}, "'layout' must be one of front, per_tile, given 'panorama'"),
        ({"packing": "strided"}, "'packing' must be one of consecutive"),
        ({"channel_layout": "mixed"}, "'channel_layout' must be one of frame_major"),
        ({"origin_compression": 0.0}, "positive scale in metres or None, given 0.0"),
        ({"origin_compression": "4"}, "positive scale in metres or None, given '4'"),
        ({"scale": 2.0}, "Unknown raymap options: scale"),
    ],
)
def test_unknown_options_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        RaymapOptions.from_dict(values)
