import pytest

from shared_world.world.rig_text import parse_views


def test_views_keep_their_order_and_missing_pitch_is_level():
    yaws, pitches = parse_views("front 0\n\n# behind\nrear 180 -10  # looking down\n")
    assert list(yaws.items()) == [("front", 0.0), ("rear", 180.0)]
    assert pitches == [0.0, -10.0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("front 0\nrear", "line 2: expected 'name yaw'"),
        ("front 0\nfront 90", "line 2: there is a view 'front' already"),
        ("front east", "line 1: yaw and pitch must be numbers"),
        ("front 0\nrear 180 nan", "line 2: yaw and pitch must be numbers of degrees, given 'rear 180 nan'"),
        ("front 1e999", "line 1: yaw and pitch must be numbers"),
        ("# nothing", "no view"),
    ],
)
def test_refusals_name_line_and_fault(text, words):
    with pytest.raises(ValueError, match=words):
        parse_views(text)
