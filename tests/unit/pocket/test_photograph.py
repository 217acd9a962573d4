from dataclasses import replace

import pytest
import torch
from scipy.ndimage import binary_dilation

from shared_world.pocket.facades import FACES
from shared_world.pocket.ground_truth import known_clip
from shared_world.pocket.landmarks import find_landmark
from shared_world.pocket.photograph import LARGEST_SIDE, Photograph
from shared_world.pocket.recipe import ClipOptions, draw_recipe, render_clip
from shared_world.pocket.render import render_agents, render_views
from shared_world.pocket.views import Views
from shared_world.pocket.weather import find_weather
from shared_world.world.poses import inverse, pitch_rotation, rigid, yaw_rotation
from shared_world.world.rigs import pinhole_intrinsics

from .scenes import crossroads, meeting

CLEAR = find_weather("overcast").with_fog(float("inf"))
HEIGHT, WIDTH = 48, 64
RED, GREEN, BLUE, WHITE = torch.eye(3)[0], torch.eye(3)[1], torch.eye(3)[2], torch.ones(3)
OUTWARD_YAW = {(0, -1.0): 90.0, (0, 1.0): -90.0, (2, -1.0): 0.0, (2, 1.0): 180.0}
"""Where a camera looks that sees a wall with this axis and sign of its normal from straight ahead."""


def quarters(height=60, width=60):
    """Red and green above blue and white."""
    above = torch.cat([RED.expand(height // 2, width // 2, 3), GREEN.expand(height // 2, width // 2, 3)], 1)
    below = torch.cat([BLUE.expand(height // 2, width // 2, 3), WHITE.expand(height // 2, width // 2, 3)], 1)
    return torch.cat([above, below])


def tall_building(town):
    """A building whose main block is higher than wide."""
    ground = (town.box_high[:, 1] == 0.0) & (town.box_instance < 2 + town.building_count)
    size = town.box_high - town.box_low
    return int(town.box_instance[torch.where(ground, size[:, 1], 0.0).argmax()])


def block_of(town, building):
    """Corners of the main block of a building."""
    (box,) = ((town.box_instance == building) & (town.box_high[:, 1] == 0.0)).nonzero().squeeze(-1)
    return town.box_low[box].double(), town.box_high[box].double()


def alone(town, building):
    """A town with nothing but this building, so that all its walls can be seen."""
    kept = town.box_instance == building
    boxes = {name: getattr(town, name)[kept] for name in ("box_low", "box_high", "box_material", "box_instance")}
    crowns = {name: getattr(town, name)[:0] for name in ("crown_centre", "crown_radius", "crown_colour")}
    return replace(town, **boxes, **crowns, facades=town.facades[kept], crown_instance=town.crown_instance[:0])


def before_wall(town, building, face, distance, height=HEIGHT, width=WIDTH, fov=90.0, turn=0.0, pitch=0.0):
    """A camera `distance` metres before the middle of a wall, turned and tilted by some degrees."""
    low, high = block_of(town, building)
    axis, sign = face
    place = 0.5 * (low + high)
    place[axis] = (high if sign > 0 else low)[axis] + sign * distance
    rotation = yaw_rotation(OUTWARD_YAW[face] + turn) @ pitch_rotation(pitch)
    intrinsics = pinhole_intrinsics(width, height, fov)[None]
    zero = torch.zeros(1, dtype=torch.long)
    return Views(rigid(rotation, place)[None], intrinsics, height, width, zero, zero - 1)


def wall_picture(town, building, face, photograph, distance=40.0, samples=5, weather=CLEAR, **camera):
    """Colours (height, width, 3) of what a camera sees, and where it sees the building."""
    views = before_wall(town, building, face, distance, **camera)
    pictures = render_views(alone(town, building), views, weather=weather, samples=samples, photograph=photograph)
    return pictures.rgb[0], pictures.instances[0] == building


def extent(mask):
    """First and last row and column of a mask."""
    rows, columns = mask.any(1).nonzero(), mask.any(0).nonzero()
    return int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1])


@pytest.mark.parametrize("samples", [1, 4, 5])
@pytest.mark.parametrize(("turn", "pitch"), [(0.0, 0.0), (20.0, -12.0), (-35.0, 8.0)])
@pytest.mark.parametrize("face", FACES)
def test_every_wall_shows_the_picture_upright_and_not_mirrored(face, turn, pitch, samples):
    town = crossroads()
    building = tall_building(town)
    views = before_wall(town, building, face, 30.0, turn=turn, pitch=pitch)
    photograph = Photograph(quarters(), [building])
    picture = render_views(alone(town, building), views, weather=CLEAR, samples=samples, photograph=photograph).rgb[0]
    low, high = block_of(town, building)
    middle = 0.5 * (low + high)
    middle[face[0]] = (high if face[1] > 0 else low)[face[0]]
    to_right = yaw_rotation(OUTWARD_YAW[face])[:, 0] * 0.2 * (high - low)
    for down, right, expected in ((-1, -1, RED), (-1, 1, GREEN), (1, -1, BLUE), (1, 1, WHITE)):
        point = middle + right * to_right
        point[1] += down * 0.2 * (high - low)[1]
        local = views.intrinsics[0] @ (inverse(views.extrinsics[0]) @ torch.cat([point, point.new_ones(1)]))[:3]
        column, row = (local[:2] / local[2]).int().tolist()
        colour = picture[row, column]
        torch.testing.assert_close(colour / colour.max(), expected, atol=0.15, rtol=0.0)
        assert colour.max() > 0.6


@pytest.mark.parametrize(("height", "width"), [(80, 240), (240, 80), (120, 120)])
def test_a_circle_stays_a_circle_in_the_middle_of_every_wall(height, width):
    town = crossroads()
    building = tall_building(town)
    rows, columns = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    circle = torch.hypot(rows - height / 2, columns - width / 2) < height / 10
    photograph = Photograph(torch.where(circle[..., None], RED, 0.5 * WHITE), [building])
    picture, _ = wall_picture(town, building, FACES[0], photograph, distance=30.0, height=240, width=240)
    top, bottom, left, right = extent(picture[..., 0] - picture[..., 1] > 0.3)
    assert abs((bottom - top) - (right - left)) <= 2
    assert bottom - top > 20
    assert abs(top + bottom - 239) <= 4
    assert abs(left + right - 239) <= 4


@pytest.mark.parametrize("samples", [1, 4])
def test_nothing_but_the_colours_of_the_building_changes(samples):
    town, agents = crossroads(), meeting(32, 48)
    settings = {"weather": CLEAR, "samples": samples}
    plain = render_agents(town, agents, [0, 3], **settings)
    building = int(plain.instances[(plain.instances > 1) & (plain.instances < 2 + town.building_count)].mode().values)
    painted = render_agents(town, agents, [0, 3], **settings, photograph=Photograph(quarters(), [building]))
    assert torch.equal(plain.depth, painted.depth)
    assert torch.equal(plain.instances, painted.instances)
    shown = plain.instances == building
    reach = 0 if samples == 1 else 1  # samples of a pixel beside the building may lie on it
    around = torch.from_numpy(binary_dilation(shown.numpy(), torch.ones(1, 1, 1, 2 * reach + 1, 2 * reach + 1).numpy()))
    assert torch.equal(plain.rgb[~around], painted.rgb[~around])
    assert (plain.rgb - painted.rgb)[shown].abs().mean() > 0.1
    without = render_agents(town, agents, [0, 3], **settings, photograph=Photograph(quarters(), []))
    assert torch.equal(without.rgb, plain.rgb)


def test_several_buildings_carry_it():
    town = crossroads()
    first, second = town.building_instances()[3], town.building_instances()[8]
    photograph = Photograph(RED.expand(8, 8, 3), [first, second])
    for building in (first, second):
        only = replace(photograph, buildings=[building])
        both, alone_ = (render_agents(town, meeting(), [0], photograph=each) for each in (photograph, only))
        shown = both.instances == building
        assert torch.equal(both.rgb[shown], alone_.rgb[shown])


@pytest.mark.parametrize(("distance", "turn"), [(25.0, 0.0), (12.0, 40.0)])
def test_fine_detail_does_not_flicker_and_large_detail_stays(distance, turn):
    town = crossroads()
    building = tall_building(town)
    rows, columns = torch.meshgrid(torch.arange(512), torch.arange(512), indexing="ij")
    pictures = [((rows // size + columns // size) % 2).float() for size in (2, 64)] + [torch.full((512, 512), 0.5)]
    fine, coarse, grey = (
        wall_picture(
            town,
            building,
            FACES[0],
            Photograph(picture[..., None].expand(-1, -1, 3), [building]),
            distance,
            1,
            turn=turn,
        )
        for picture in pictures
    )
    on_picture = ~binary_dilation(~grey[1].numpy(), iterations=2, border_value=1)
    differences = [(picture[0] - grey[0])[torch.from_numpy(on_picture)].abs() for picture in (fine, coarse)]
    assert len(differences[0]) > 50
    assert differences[0].max() < 0.03
    assert differences[1].max() > 0.2


@pytest.mark.parametrize("weather", ["sunny", "sunset"])
def test_it_is_lit_as_the_wall_is(weather):
    town = crossroads()
    building = tall_building(town)
    light = find_weather(weather).with_fog(float("inf"))
    photograph = Photograph(0.3 * WHITE.expand(4, 4, 3), [building])
    seen = {}
    for axis, sign in FACES:
        picture, wall = wall_picture(town, building, (axis, sign), photograph, weather=light)
        inside = torch.from_numpy(~binary_dilation(~wall.numpy(), iterations=3))
        seen[sign * light.sun[axis]] = float(picture[inside].mean())
    brightness = [seen[facing] for facing in sorted(seen)]
    assert brightness == sorted(brightness)
    assert brightness[-1] > 1.2 * brightness[0]


def test_fog_swallows_it():
    town, agents = crossroads(), meeting(32, 48)
    first, second = (
        render_agents(town, agents, [0], weather=CLEAR.with_fog(1.0), photograph=photograph)
        for photograph in (None, Photograph(quarters(), town.building_instances()))
    )
    far = torch.isfinite(first.depth) & (first.depth > 4.0)
    assert (first.rgb - second.rgb)[far].abs().max() < 1e-4


def test_large_pictures_are_shrunk_and_look_the_same():
    town = crossroads()
    building = tall_building(town)
    wave = torch.sin(torch.linspace(0.0, 12.0, 2 * LARGEST_SIDE))[None, :, None].expand(LARGEST_SIDE, -1, 3) * 0.4 + 0.5
    large, small = (
        wall_picture(town, building, FACES[2], Photograph(picture.contiguous(), [building]))[0]
        for picture in (wave, wave[::4, ::4])
    )
    torch.testing.assert_close(large, small, atol=0.02, rtol=0.0)


def test_the_view_without_others_carries_it_too():
    options = ClipOptions(frames=5, height=16, width=24, samples=2, presets=("head_on",))
    recipe = draw_recipe(options, 4)
    town = recipe.town()
    photograph = Photograph(quarters(), [find_landmark(recipe, town, recipe.agents(town))])
    clip = render_clip(recipe, photograph=photograph)
    known = known_clip(clip, without_others=True, photograph=photograph)
    shown = known.instances == photograph.buildings[0]
    assert shown.any()
    difference = (known.truth - known.without_others)[shown].abs().amax(-1)
    assert difference.median() < 0.003  # eight bits; a few pixels hold a bit of the other car
    plain = known_clip(render_clip(recipe), without_others=True)
    assert (plain.without_others - known.without_others)[shown].abs().mean() > 0.05


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (torch.zeros(4, 4), r"must be \(height, width, 3\)"),
        (torch.zeros(0, 4, 3), r"must be \(height, width, 3\)"),
        (torch.zeros(4, 4, 3, dtype=torch.uint8), "given torch.uint8"),
        (torch.full((4, 4, 3), float("nan")), "not finite"),
    ],
)
def test_what_is_no_picture_is_refused(picture, message):
    with pytest.raises(ValueError, match=message):
        Photograph(picture, [2])


def test_a_building_that_is_not_there_is_refused():
    town = crossroads()
    with pytest.raises(ValueError, match=f"no building 1 .* numbers 2 to {1 + town.building_count}"):
        render_agents(town, meeting(), [0], photograph=Photograph(quarters(), [1]))
