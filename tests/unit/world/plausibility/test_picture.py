import torch

from shared_world.tests.unit.world.plausibility.misread import misread, random_encounter
from shared_world.world.plausibility import check_picture


def test_picture_shows_both_sides_and_a_camera_on_its_head():
    agents = random_encounter(0)
    right = check_picture(agents, size=256)
    wrong = check_picture(misread(agents, "OpenGL cameras"), size=256)
    assert right.shape == (256, 512, 3)
    assert 0.0 <= right.min() < right.max() <= 1.0
    # The lines for up point down now, below the cameras, which are where they were.
    assert not torch.equal(right[:, 256:], wrong[:, 256:])


def test_frame_moves_the_map_alone():
    agents = random_encounter(0)
    first, last = (check_picture(agents, frame, 256) for frame in (0, -1))
    assert not torch.equal(first[:, :256], last[:, :256])
    assert torch.equal(first[:, 256:], last[:, 256:])


def test_warnings_are_written_below():
    agents = random_encounter(0)
    plain, told = check_picture(agents, size=256), check_picture(agents, size=256, warnings=["Upside down. " * 20])
    assert torch.equal(told[:256], plain)
    assert 20 < len(told) - 256 < 256
    red, green, _ = told[256:].unbind(-1)
    assert ((red > 0.6) & (green < 0.3)).any()
