import csv
import io
import math

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from shared_world.development.locations import ROOT
from shared_world.tests.unit.world.actions.random_actions import PANDA, idle_actions
from shared_world.world.actions import read_actions
from shared_world.world.actions.it_takes_two import RAW_AXES, RAW_BUTTONS, it_takes_two_inputs, unify_recording

REFERENCE = load_file(ROOT / "tests" / "parity" / "multiworld_reference" / "reference_actions.safetensors")
COLUMNS = [*RAW_BUTTONS, *RAW_AXES]


def reference_rows() -> list[dict[str, float]]:
    buttons, axes = REFERENCE["itt.raw_buttons"].tolist(), REFERENCE["itt.raw_axes"].tolist()
    return [dict(zip(COLUMNS, [*keys, *sticks], strict=True)) for keys, sticks in zip(buttons, axes, strict=True)]


def csv_text(rows, columns=COLUMNS) -> str:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def assert_is_the_reference(actions):
    discrete, continuous = it_takes_two_inputs(actions)
    assert discrete.dtype == torch.int64
    assert continuous.dtype == torch.float32
    assert torch.equal(discrete, REFERENCE["itt.discrete"])
    assert torch.equal(continuous, REFERENCE["itt.continuous"])
    assert actions.names == ("left", "right")


def test_csv_is_converted_bit_for_bit(tmp_path):
    path = tmp_path / "actions.csv"
    path.write_text(csv_text(reference_rows()))
    assert_is_the_reference(read_actions(path))
    assert read_actions(path).frame_rate == 60.0
    assert read_actions(path, frame_rate=30.0).frame_rate == 30.0


def test_columns_may_come_in_any_order_and_form(tmp_path):
    """Shuffled columns, capitals, spaces, true and false, a byte order mark, Windows lines and blank ones."""
    shuffled = sorted(COLUMNS, key=lambda name: name[::-1])
    rows = [
        {**row, "w": bool(row["w"]), "a": str(bool(row["a"])).lower(), "s": float(row["s"])} for row in reference_rows()
    ]
    header, *lines = csv_text(rows, shuffled).splitlines()
    lines = [header.upper().replace(",", " , "), "", *lines[:5], ",,,", "   ", *lines[5:], ""]
    path = tmp_path / "ACTIONS.CSV"
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    assert_is_the_reference(read_actions(path))


@pytest.mark.parametrize("form", ["columns", "tables"])
def test_npz_is_converted_bit_for_bit(form, tmp_path):
    path = tmp_path / "actions.npz"
    buttons, axes = REFERENCE["itt.raw_buttons"].numpy(), REFERENCE["itt.raw_axes"].numpy()
    if form == "tables":
        np.savez_compressed(path, discrete=buttons, continuous=axes)
    else:
        columns = dict(zip(COLUMNS, [*buttons.T.astype(bool), *axes.T], strict=True))
        np.savez(path, **columns)
    assert_is_the_reference(read_actions(path))


def one_frame(**values):
    buttons = torch.tensor([[values.get(name, 0) for name in RAW_BUTTONS]])
    axes = torch.tensor([[values.get(name, 0.0) for name in RAW_AXES]], dtype=torch.float64)
    discrete, continuous = unify_recording(buttons, axes)
    pressed = [{COLUMNS[index] for index in row.nonzero().flatten().tolist()} for row in discrete[:, 0]]
    return pressed, continuous[:, 0].tolist()


@pytest.mark.parametrize(
    ("column", "key"),
    [
        ("button_0", "space"),
        ("button_1", "ctrl"),
        ("button_2", "shift"),
        ("button_3", "f"),
        ("button_4", "q"),
        ("button_5", "e"),
        ("button_8", "shift"),
        ("button_9", None),
    ],
)
def test_gamepad_buttons_are_the_right_players_keys(column, key):
    assert one_frame(**{column: 1})[0] == [set(), {key} if key else set()]


@pytest.mark.parametrize("key", RAW_BUTTONS[:10])
def test_keys_are_the_left_players_own(key):
    assert one_frame(**{key: 1})[0] == [{key}, set()]


@pytest.mark.parametrize(("column", "low", "high"), [("axis_0", "a", "d"), ("axis_1", "w", "s")])
def test_the_left_stick_presses_keys_beyond_the_threshold_and_not_at_it(column, low, high):
    assert one_frame(**{column: -0.31})[0][1] == {low}
    assert one_frame(**{column: 0.31})[0][1] == {high}
    for value in (0.3, -0.3, float(np.float32(0.3)), float(np.float32(-0.3)), 0.0):
        assert one_frame(**{column: value})[0][1] == set()
    beyond = float(np.nextafter(np.float32(0.3), np.float32(1.0)))
    assert one_frame(**{column: beyond})[0][1] == {high}


def test_mouse_and_right_stick_are_the_looks():
    _, looks = one_frame(norm_dx=0.1, norm_dy=-0.2, axis_2=0.3, axis_3=-0.4)
    assert looks == [[0.1, -0.2], [0.3, -0.4]]


def edited(tmp_path, edit):
    rows = reference_rows()[:3]
    path = tmp_path / "actions.csv"
    path.write_text(edit(rows) or csv_text(rows))
    return path


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda rows: rows[1].update(norm_dx="nan"), "line 3, column norm_dx: expected a finite number, given 'nan'"),
        (lambda rows: rows[1].update(axis_3="-inf"), "line 3, column axis_3: expected a finite number, given '-inf'"),
        (
            lambda rows: rows[2].update(axis_0=""),
            "line 4, column axis_0: expected a finite number, given an empty cell",
        ),
        (lambda rows: rows[2].update(axis_0="0.5x"), "line 4, column axis_0: expected a finite number, given '0.5x'"),
        (lambda rows: rows[2].update(axis_0="true"), "line 4, column axis_0: expected a finite number, given 'true'"),
        (lambda rows: rows[0].update(w=2), "line 2, column w: expected 0 or 1, given '2'"),
        (lambda rows: rows[0].update(button_9=0.5), "line 2, column button_9: expected 0 or 1, given '0.5'"),
        (lambda rows: csv_text(rows) + "1,0,1\n", "line 5: expected 24 cells as in the header, given 3"),
        (lambda rows: csv_text(rows) + "1," * 24 + "1\n", "line 5: expected 24 cells as in the header, given 25"),
        (lambda rows: csv_text([]), "line 1: there is no row of actions below the column names"),
        (lambda rows: csv_text(rows).replace("norm_dy", "norm_dx"), "line 1: the column 'norm_dx' comes 2 times"),
        (
            lambda rows: csv_text(rows).replace("norm_dy", "norm_y").replace("button_8", "button_6"),
            "lacks the columns button_8, norm_dy, and has the unknown columns 'button_6', 'norm_y'; expected are w, a,",
        ),
        (lambda rows: csv_text(rows).replace(",", ";"), "lacks the columns w, a, .* has the unknown columns 'w;a;s"),
        (lambda rows: "\n\n \n", "the file has no line with column names"),
        (lambda rows: csv_text(rows) + '"' + "x" * 200_000, "line 5: .*"),
    ],
)
def test_mistakes_in_a_csv_are_named_with_line_and_column(edit, message, tmp_path):
    with pytest.raises(ValueError, match=rf"actions\.csv: .*{message}") as caught:
        read_actions(edited(tmp_path, edit))
    assert len(str(caught.value)) < 1000


def test_columns_that_nobody_needs_are_left_out_with_a_warning(tmp_path, caplog):
    path = tmp_path / "actions.csv"
    rows = [{**row, "": number, "timestamp": f"0:{number}"} for number, row in enumerate(reference_rows())]
    path.write_text(csv_text(rows, ["", "timestamp", *COLUMNS]))
    assert_is_the_reference(read_actions(path))
    assert "unknown columns are left out: one without a name, 'timestamp'." in caplog.text


def test_values_outside_of_the_usual_range_are_kept_with_a_warning(tmp_path, caplog):
    actions = read_actions(edited(tmp_path, lambda rows: rows[1].update(norm_dx=1.5)))
    assert actions.continuous[0, 1, 0] == 1.5
    assert "agent 'left', frame 1, channel 'look_x' is 1.5" in caplog.text


def full_columns(**changes):
    return {name: np.zeros(4) for name in COLUMNS} | changes


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (full_columns(axis_1=np.array([0.0, math.nan, 0.0, 0.0])), "frame 1, column axis_1: .* given nan"),
        (full_columns(q=np.array([0, 0, 0, 7])), "frame 3, column q: expected 0 or 1, given 7"),
        (full_columns(q=np.zeros(3)), "column q has 3 frames, column w has 4"),
        (full_columns(q=np.zeros((4, 2))), r"column q: expected one number per frame, given .* shape \(4, 2\)"),
        ({"w": np.zeros(4)}, "lacks the columns a, s, d"),
        (
            {"discrete": np.zeros((4, 17)), "continuous": np.zeros((4, 6))},
            r"'discrete': .* \(frames, 18\), given \(4, 17\)",
        ),
        ({"discrete": np.zeros((4, 18)), "continuous": np.zeros((3, 6))}, "column norm_dx has 3 frames"),
        (full_columns(q=np.array([None] * 4)), "array 'q.npy': the array holds pickled Python objects"),
        (full_columns(q=np.array(["0"] * 4)), "array 'q.npy': expected an array of numbers"),
    ],
)
def test_mistakes_in_an_npz_are_named(arrays, message, tmp_path):
    path = tmp_path / "actions.npz"
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=rf"actions\.npz: .*{message}"):
        read_actions(path)


def test_the_network_refuses_other_actions():
    with pytest.raises(ValueError, match="It Takes Two network takes actions of layout 'it_takes_two'"):
        it_takes_two_inputs(idle_actions(PANDA))
