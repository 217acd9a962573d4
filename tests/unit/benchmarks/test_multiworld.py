"""The benchmark at its smallest size: every row is there and says what was measured."""

import re

import pytest

from shared_world.benchmarks import multiworld
from shared_world.benchmarks.processes import measure, measured_apart
from shared_world.development.comfyui_in_process import use_comfyui

use_comfyui()

SMALLEST = "--dim 128 --layers 1 --frames 2 --side 4 --steps 4 --short-steps 2 --repeats 1 --views 1 2 --threads 1"


@pytest.fixture(scope="module")
def printed():
    """What the command prints, and its measurements by name."""
    measured, lines = {}, []

    def recorded(system, what, threads, cpu_time, **settings):
        """In this process, which saves the start of ten others; attention is counted right only in one of its own."""
        if what == "count_arithmetic":
            result = measured_apart(system, what, threads, cpu_time, **settings)
        else:
            result = measure(system, what, **settings)
        measured.setdefault(what, []).append(result)
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(multiworld, "measured_apart", recorded)
        patch.setattr("builtins.print", lambda *texts, **_: lines.extend("".join(texts).splitlines()))
        multiworld.main(SMALLEST.split())
    return lines, measured


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def rows_of(lines, heading):
    start = next(index for index, line in enumerate(lines) if line.startswith(heading))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append(cells(line))
    return rows


def test_every_number_of_views_has_its_rows(printed):
    lines, measured = printed
    rows = rows_of(lines, "| views |")
    assert [row[:2] for row in rows] == [["1", "batched"], ["2", "batched"], ["2", "one by one"]]
    for row, taken, sampling in zip(rows, measured["measure_steps"], measured["sampling_memory"], strict=True):
        assert row[2] == f"{taken['kept']:.3f} s"
        for cell, kind in ((row[3], "recomputed"), (row[4], "released")):
            assert cell == f"{taken[kind]:.3f} s, {taken[kind] / taken['kept']:.2f}"
        assert row[5] == f"{sampling['mebibytes']:.0f} MiB"
    assert [row[6] for row in rows[:2]] == [f"{taken['mebibytes']:.0f} MiB" for taken in measured["decoding_memory"]]


def test_shares_of_a_run_add_up(printed):
    rows = rows_of(printed[0], "| part |")
    assert [row[0] for row in rows] == list(multiworld.PARTS)
    for column in (2, 3, 4):
        assert sum(float(row[column].removesuffix(" %")) for row in rows) == pytest.approx(100, abs=0.1)


def test_ratio_is_of_what_was_measured(printed):
    lines, measured = printed
    (run,) = measured["measure_run"]
    assert run["run"] == pytest.approx(run["encoding"] + run["sampling"])
    text = "\n".join(lines)
    ratios = [float(ratio) for ratio in re.findall(r"\(evaluations \+ VGGT\) = ([\d.]+)", text)]
    expected = [run["run"] / (run[name] + run["vggt"]) for name in ("batched", "apart")]
    assert ratios == pytest.approx(expected, abs=1e-3)


def test_arithmetic_of_the_published_sizes(printed):
    """Against the count by hand of what dominates a block: linear layers, and attention over all video tokens."""
    _, published = printed[1]["count_arithmetic"]
    tokens, dim, hidden, views, blocks = 4725, 3072, 14336, 2, 30
    feed_forward = 2 * 2 * tokens * dim * hidden * views * blocks
    assert published["ffn"] == feed_forward
    self_attention = (4 * 2 * tokens * dim**2 + 2 * 2 * tokens**2 * dim) * views * blocks
    assert published["self_attn"] == self_attention
    cross_attention = (2 * 2 * tokens * dim**2 + 2 * 2 * tokens * (81 + 261) * dim) * views * blocks
    assert published["cross_attn"] == cross_attention
    assert published["keys and values"] == 2 * 2 * (81 + 261) * dim**2 * blocks
