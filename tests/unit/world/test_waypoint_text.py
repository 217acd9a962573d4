import pytest

from shared_world.world.paths import Waypoint
from shared_world.world.waypoint_text import parse_waypoints


def test_all_three_forms_blank_lines_and_comments():
    text = """
    # the red car
    0   1.5 -2        # time x z

    1e0 1.5 -0.5 3    # time x y z
    \t2.5\t1.5 0 8 -90
    """
    assert parse_waypoints(text) == [
        Waypoint(0.0, (1.5, 0.0, -2.0)),
        Waypoint(1.0, (1.5, -0.5, 3.0)),
        Waypoint(2.5, (1.5, 0.0, 8.0), -90.0),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 0 0\n\n# note\n1 0 zero 5", r"line 4, field 3 \(y\): 'zero' is not a number"),
        ("0 0 0\n1 0 5m", r"line 2, field 3 \(z\): '5m' is not a number"),
        ("0 0 0 0 left", r"line 1, field 5 \(yaw\): 'left' is not a number"),
        ("0 nan 0", r"line 1, field 2 \(x\): 'nan' is not a finite number"),
        ("inf 0 0", r"line 1, field 1 \(time\): 'inf' is not a finite number"),
        ("0 1e999 0", r"line 1, field 2 \(x\): '1e999' is not a finite number"),
        ("0 0 0\n1 0", r"line 2: expected 'time x z', .* given 2 fields in '1 0'"),
        ("0 0 0 0 0 0", r"line 1: expected .* given 6 fields"),
        ("0 0 0\n1 0 1\n1 0 2", r"line 3, field 1 \(time\): 1 s must be after the 1 s"),
        ("2 0 0\n1 0 1", r"line 2, field 1 \(time\): 1 s must be after the 2 s"),
        ("0 0 0\n0,5 1 2", r"line 2: '0,5 1 2' holds a comma .* decimals with a point"),
        ("0; 0; 0", r"line 1: .* semicolon"),
        ("", "No waypoint given"),
        ("\n  # nothing\n", "No waypoint given"),
    ],
)
def test_errors_name_the_line_and_the_field(text, message):
    with pytest.raises(ValueError, match=message):
        parse_waypoints(text)
