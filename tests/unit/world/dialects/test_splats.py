import pytest
import torch

from shared_world.world.dialects.cameras import camera_of
from shared_world.world.dialects.splats import in_splat_frame
from shared_world.world.encounters import encounter

CAMERA = camera_of(encounter("crossing", frames=5).members[0])


def test_a_camera_stays_where_the_splat_has_the_worlds_axes():
    torch.testing.assert_close(in_splat_frame(CAMERA).poses, CAMERA.poses)


def test_up_of_the_camera_is_that_of_the_splat():
    # The camera is level: its up is the splat's y, or its z.
    assert in_splat_frame(CAMERA, "y up").poses[0, :3, 1].tolist() == pytest.approx([0.0, -1.0, 0.0])
    assert in_splat_frame(CAMERA, "z up").poses[0, :3, 1].tolist() == pytest.approx([0.0, 0.0, -1.0])
    assert in_splat_frame(CAMERA, "z up", 0.1).poses[0, 2, 3].item() == pytest.approx(16.0)


@pytest.mark.parametrize(
    ("axes", "unit", "message"),
    [
        ("unity", 1.0, "must be right-handed: opencv, y up or z up, given 'unity'"),
        ("sideways", 1.0, "given 'sideways'"),
        ("opencv", 0.0, "metres_per_unit must be positive, given 0"),
    ],
)
def test_what_no_splat_can_be_is_told(axes, unit, message):
    with pytest.raises(ValueError, match=message):
        in_splat_frame(CAMERA, axes, unit)
