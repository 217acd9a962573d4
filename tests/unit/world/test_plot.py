import numpy as np
import pytest
import torch

from shared_world.world.agents import Agent, Agents, Body
from shared_world.world.encounters import ENCOUNTERS, encounter
from shared_world.world.palette import PALETTE
from shared_world.world.paths import upright_poses
from shared_world.world.plot import plot_agents
from shared_world.world.plot_canvas import BACKGROUND, Canvas, grid_spacing
from shared_world.world.rigs import front_rig, rig_from_yaws
from shared_world.world.routes import straight_path

RIG = front_rig(64, 48)
CAR = Body((2, 1, 4))


def colored(picture: torch.Tensor, color: tuple[int, int, int]) -> np.ndarray:
    """(n, 2) x and y of the pixels in exactly this colour, y upwards from the middle of the picture."""
    rows, columns = np.nonzero((picture.numpy() * 255.0).round().astype(int).__eq__(color).all(-1))
    height, width = picture.shape[:2]
    return np.stack([columns - width / 2.0, height / 2.0 - rows], axis=1)


def standing(*places: tuple[float, float], heading: float = 0.0, rig=RIG, body=CAR) -> Agents:
    members = (
        Agent(f"agent {number}", upright_poses(torch.tensor([[x, 0.0, z]]), heading), rig, body)
        for number, (x, z) in enumerate(places)
    )
    return Agents(tuple(members), 8.0)


@pytest.mark.parametrize("preset", list(ENCOUNTERS))
def test_a_plot_is_an_image_with_both_cars_in_their_colours(preset):
    picture = plot_agents(encounter(preset), frame=10, size=(640, 512))
    assert picture.shape == (512, 640, 3)
    assert picture.dtype == torch.float32
    assert picture.min() >= 0.0
    assert picture.max() <= 1.0
    for color in PALETTE[:2]:
        assert len(colored(picture, color)) > 200


def test_x_is_right_and_z_is_up():
    picture = plot_agents(standing((0.0, 0.0), (8.0, 0.0), (0.0, 8.0)), size=(512, 512))
    origin, right, up = (colored(picture, color).mean(0) for color in PALETTE[:3])
    assert right[0] - origin[0] > 50
    assert abs(right[1] - origin[1]) < 5
    assert up[1] - origin[1] > 50
    assert abs(up[0] - origin[0]) < 5


def test_both_axes_have_one_scale_in_pictures_of_any_shape():
    for size in ((600, 300), (300, 600)):
        picture = plot_agents(standing((0.0, 0.0), (8.0, 0.0), (0.0, 8.0)), size=size)
        origin, right, up = (colored(picture, color).mean(0) for color in PALETTE[:3])
        assert right[0] - origin[0] == pytest.approx(up[1] - origin[1], abs=2.0)


def test_a_body_is_drawn_with_its_size_along_its_heading():
    picture = plot_agents(standing((0.0, 0.0), heading=90.0, body=Body((1.0, 1.0, 6.0))), size=(512, 512))
    _, per_row = np.unique(colored(picture, PALETTE[0])[:, 1], return_counts=True)
    width = np.sort(per_row)[-4]  # a border of the name's plate may lie in the longest row
    height = (per_row > 0.5 * width).sum()
    assert 5.5 < width / height < 6.5


def test_the_wedge_lies_on_the_side_where_the_camera_looks():
    for bearing, direction in ((0.0, (0, 1)), (90.0, (1, 0)), (180.0, (0, -1)), (-90.0, (-1, 0))):
        blank = plot_agents(standing((0.0, 0.0), rig=rig_from_yaws({"": 0.0}, 64, 48, 1.0)), size=(512, 512))
        looking = rig_from_yaws({"": bearing}, 64, 48, horizontal_fov=60.0)
        picture = plot_agents(standing((0.0, 0.0), rig=looking), size=(512, 512))
        rows, columns = np.nonzero((picture - blank).abs().amax(-1).numpy() > 0.1)
        middle = colored(picture, PALETTE[0]).mean(0)
        shift = np.array([np.median(columns) - 256.0, 256.0 - np.median(rows)]) - middle
        assert shift @ np.array(direction) > 30
        assert abs(shift @ np.array(direction[::-1])) < 20


def test_the_map_stays_put_while_the_agents_move():
    agents = Agents((Agent("a", straight_path((0, 0, 0), (0, 0, 12), 13), RIG, CAR),), 8.0)
    first, last = plot_agents(agents, 0), plot_agents(agents, -1)
    assert torch.equal(plot_agents(agents, 12), last)
    changed = (first - last).abs().amax(-1) > 0.05
    left_scale = changed[60:, :50]
    assert changed.any()
    assert not left_scale.any()


def test_the_way_so_far_grows():
    agents = Agents((Agent("a", straight_path((0, 0, 0), (0, 0, 60), 49), RIG, Body((0.5, 1, 0.5))),), 8.0)
    inks = [len(colored(plot_agents(agents, frame), PALETTE[0])) for frame in (0, 16, 32, 48)]
    assert inks == sorted(inks)
    assert inks[3] > 1.5 * inks[0]


@pytest.mark.parametrize(
    "agents",
    [
        standing((5e5, 4.5e6)),
        standing((0.0, 0.0), body=None),
        standing((0.0, 0.0), rig=rig_from_yaws({"down": 0.0}, 64, 48, pitch=-90.0)),
        standing(*[(float(place), 0.0) for place in range(12)]),
    ],
    ids=["far away", "without a body", "looking straight down", "more agents than colours"],
)
def test_unusual_worlds_are_drawn(agents):
    picture = plot_agents(agents, size=(256, 256))
    assert len(colored(picture, PALETTE[0])) > 0


def test_the_smallest_picture_is_drawn():
    assert plot_agents(encounter("head_on"), size=(128, 128)).shape == (128, 128, 3)


@pytest.mark.parametrize("frame", [49, -50])
def test_a_frame_that_does_not_exist_is_refused(frame):
    with pytest.raises(ValueError, match=f"Frame {frame} does not exist; the agents have frames 0 to 48"):
        plot_agents(encounter("head_on"), frame=frame)


def test_a_picture_too_small_to_read_is_refused():
    with pytest.raises(ValueError, match="at least 128 x 128 pixels, given 127 x 400"):
        plot_agents(encounter("head_on"), size=(127, 400))


@pytest.mark.parametrize(
    ("extent", "spacing"), [(10.0, 1.0), (14.0, 1.0), (15.0, 2.0), (60.0, 5.0), (0.9, 0.1), (9e3, 1e3)]
)
def test_grid_lines_are_a_round_number_of_metres_apart(extent, spacing):
    assert grid_spacing(extent, 14) == pytest.approx(spacing)


def test_names_avoid_each_other_and_the_border():
    canvas = Canvas((512, 512), (-10.0, -10.0), (10.0, 10.0))
    for _ in range(6):
        canvas.name((8.0, 0.0), "somebody", (0, 0, 0), near=1.0, far=4.0)
    boxes = np.array(canvas.taken)
    assert (boxes[:, 0] >= canvas.left).all()
    assert (boxes[:, 2] <= canvas.right).all()
    for index, box in enumerate(boxes):
        for other in boxes[index + 1 :]:
            assert min(box[2], other[2]) <= max(box[0], other[0]) or min(box[3], other[3]) <= max(box[1], other[1])


def test_the_background_is_light():
    assert min(BACKGROUND) > 240
