import pytest
import torch

from shared_world.nodes.conditioning import RaymapBuilder, first_pictures
from shared_world.nodes.pocket_town import ANY, SCENE_FROM, PocketTown
from shared_world.pocket.recipe import ClipOptions, draw_recipe, render_clip
from shared_world.pocket.splits import town_seed
from shared_world.pocket.town import FIRST_CAR
from shared_world.world.grid import video_grid
from shared_world.world.scene import render_for_agent
from shared_world.world.tiles import split_images

SMALL = {"frames": 5, "frame_rate": 1.0, "view_width": 32, "view_height": 16, "samples": 1}
LABELS = [f"agent {agent} {view}" for agent in (1, 2) for view in ("front", "rear", "left", "right")]


def defaults():
    inputs = {entry.id: entry for entry in PocketTown.define_schema().inputs if not entry.optional}
    return {name: entry.options[0] if entry.default is None else entry.default for name, entry in inputs.items()}


def town(**changes):
    return PocketTown.execute(**{**defaults(), **SMALL, **changes}).args


def test_left_as_it_is_the_node_makes_a_clip_that_the_pocket_model_knows():
    agents, first_frames, views, labels, *_ = PocketTown.execute(**defaults()).args
    assert (agents.names, agents.frame_count, agents.frame_rate) == (("agent 1", "agent 2"), 17, 4.0)
    assert first_frames.shape == (2, 64, 96, 3)
    assert labels == LABELS
    assert {tuple(view.shape) for view in views} == {(17, 32, 48, 3)}
    driven = (agents.poses()[:, -1] - agents.poses()[:, 0])[:, :3, 3].norm(dim=-1)
    assert driven.tolist() == pytest.approx([30.0, 30.0], abs=2.0)


def test_the_clip_is_the_one_that_a_data_set_would_hold():
    agents, first_frames, views, _, truth, *_ = town(split="validation", town=3, preset=ANY, weather=ANY, seed=2)
    options = ClipOptions(frames=5, frame_rate=1.0, height=16, width=32, samples=1, travel=(30.0,))
    clip = render_clip(draw_recipe(options, town_seed("validation", 3), 2))
    assert agents == clip.agents
    tiles = clip.tiles.float() / 255.0
    assert torch.equal(first_frames, tiles[:, 0])
    assert torch.equal(torch.stack(views).unflatten(0, (2, 4)).transpose(1, 2), split_images(tiles))
    assert torch.equal(truth.known.truth, split_images(tiles))
    assert truth.agents == agents


def test_its_outputs_go_into_the_nodes_they_are_for():
    agents, first_frames, views, labels, *_ = town()
    raymaps = RaymapBuilder.execute(
        agents, width=64, height=32, rays="per_tile", packing="consecutive", channels="frame_major", layout="2x2"
    ).args[0]
    pictures = first_pictures({"agent0": first_frames}, raymaps, 32, 64)
    assert [picture.shape for picture in pictures] == [(32, 64, 3)] * 2
    assert video_grid(views, labels, columns=4).shape[0] == 5


def test_fog_weather_and_colours_are_what_was_asked_for():
    thick, thin = (town(fog_distance=fog, weather="overcast")[4].known for fog in (10.0, 200.0))
    assert thick.transmittance.mean() < thin.transmittance.mean()
    own = town(fog_distance=0.0, weather="overcast")[4].known
    distant = (own.depth > 30.0) & torch.isfinite(own.depth)
    assert own.transmittance[distant].max() > 0.8
    sunny, sunset = (town(weather=weather)[1].mean((0, 1, 2)) for weather in ("sunny", "sunset"))
    assert sunny[2] > sunny[0]
    assert sunset[0] > sunset[2]
    red, blue = (town(second_car=colour) for colour in ("red", "blue"))
    assert not torch.equal(torch.stack(red[2][:4]), torch.stack(blue[2][:4]))


def test_another_seed_and_another_town_are_another_clip():
    first = town()[1]
    assert torch.equal(first, town()[1])
    assert not torch.equal(first, town(seed=1)[1])
    assert not torch.equal(first, town(town=1)[1])
    assert not torch.equal(first, town(split="train")[1])


@pytest.mark.parametrize("seen_by", ["agent 1", "only agent 2", "both agents"])
def test_a_photograph_is_seen_first_by_whom_it_should(seen_by):
    plain, painted = (town(photograph=photograph, photograph_seen_by=seen_by) for photograph in (None, magenta()))
    shown = [bool(((after - before).abs() > 0.05).any()) for before, after in zip(plain[1], painted[1], strict=True)]
    expected = {"agent 1": True, "only agent 2": False, "both agents": True}[seen_by]
    assert shown[0] == expected
    assert shown[1] or seen_by == "agent 1"
    later = torch.stack(painted[2][:4]) - torch.stack(plain[2][:4])
    assert later.abs().max() > 0.05
    assert torch.equal(plain[4].known.depth, painted[4].known.depth)
    without = painted[4].known.without_others - plain[4].known.without_others
    assert without.abs().max() > 0.05


def magenta():
    return torch.tensor([1.0, 0.0, 1.0, 1.0]).expand(2, 20, 30, 4)


def test_a_building_can_be_chosen_by_its_number():
    automatic = town(photograph=magenta())
    numbers = automatic[4].known.instances[0, 0].flatten()
    largest = int(numbers[(numbers > 1) & (numbers < 1000)].mode().values)
    chosen = town(photograph=magenta(), building=largest, photograph_seen_by="only agent 2")
    assert (chosen[1][0] - town()[1][0]).abs().max() > 0.05
    with pytest.raises(ValueError, match="no building 999 in the town of seed 0; its buildings have"):
        town(photograph=magenta(), building=999)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"town": 100_000}, "split 'test' has the towns 0 to 99999, given 100000"),
        ({"layout": "straight", "preset": "crossing"}, "no place for crossing over 30 m .* these fit: head_on"),
        ({"split": "none"}, "no split 'none'"),
        ({"preset": "none"}, "no encounter 'none'"),
        ({"first_car": "pink"}, "no car colour 'pink'"),
    ],
)
def test_what_there_is_not_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        town(**change)


def test_front_views_alone_are_those_of_four():
    agents, first_frames, views, labels, truth, *_ = town(views="front")
    four = town()
    assert labels == ["agent 1", "agent 2"]
    assert [torch.equal(view, whole) for view, whole in zip(views, four[2][::4], strict=True)] == [True, True]
    assert torch.equal(first_frames, torch.stack([view[0] for view in views]))
    assert truth.known.truth.shape[2] == agents.members[0].rig.view_count == 1


def test_the_scene_is_what_front_cameras_see_without_cars():
    few, many = (town(views="front", scene_from=choice)[5] for choice in SCENE_FROM)
    assert len(few.background) < len(many.background)
    assert few.agents == ()
    clip = render_clip(draw_wanted(views="front"))
    seen = (clip.instances[:, 0, 0] < FIRST_CAR) & (clip.depth[:, 0, 0] < 80.0)
    assert len(few.background) <= int(seen.sum())
    # Seen again from the first camera, the points lie where its own pixels are.
    agents = clip.agents
    again = render_for_agent(few, agents.select_frames([0]), "agent 1", 16, 32)
    there = torch.isfinite(again.depth[0]) & seen[0]
    assert there.float().mean() > 0.3
    nearer = (again.depth[0] - clip.depth[0, 0, 0])[there]
    assert nearer.median().abs() < 0.1


def test_portraits_are_the_cars_colours():
    red, blue = town(first_car="red", second_car="blue")[6]
    assert red.shape == (96, 96, 4)
    body = (red[..., 3] > 0.5) & (blue[..., 3] > 0.5)
    assert (red[body][:, 0] - blue[body][:, 0]).mean() > 0.1
    assert (blue[body][:, 2] - red[body][:, 2]).mean() > 0.1


def draw_wanted(views):
    options = ClipOptions(
        frames=5, frame_rate=1.0, height=16, width=32, samples=1, travel=(30.0,), weathers=("sunny",),
        presets=(defaults()["preset"],), front_only=views == "front",
    )  # fmt: skip
    return draw_recipe(options, town_seed("test", 0), 0)
