import json
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import shared_world.__main__ as program
from shared_world.development.locations import ROOT
from shared_world.evaluation.cli import main
from shared_world.evaluation.run import evaluate
from shared_world.evaluation.tables import COLUMN_MEANINGS
from shared_world.models.shareverse.options import ShareVerseOptions
from shared_world.pocket.clip_files import decode_video
from shared_world.pocket.dataset import DataSet, make_data_set
from shared_world.tests.unit.evaluation.conftest import CLIPS, write_model, write_vae
from shared_world.world.metrics.table import COLUMNS
from shared_world.world.raymaps import RaymapOptions
from shared_world.world.tiles import STRIP


def results_of(settings):
    return json.loads((settings.out / "results.json").read_text())


def measured(settings, variant):
    return json.loads((settings.out / "measured" / f"{variant}.json").read_text())


def table_after(tables, heading):
    """The first table below a heading: row name -> cells."""
    lines = tables.split(heading)[1].split("\n")
    start = next(number for number, line in enumerate(lines) if line.startswith("|"))
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return {row[0]: dict(zip(rows[0], row, strict=True)) for row in rows[2:]}


def test_everything_is_written(settings, files):
    models = {"full": files.full, "raw": files.raw_pose, "front": files.front}
    settings = replace(settings, models=models, videos=1)
    tables = evaluate(settings)
    assert (settings.out / "table.md").read_text() == tables
    rows = table_after(tables, "## All views")
    assert list(rows) == [
        "full", "raw", "full_wrong_partner", "own_frame_oracle", "frozen_first_frame", "autoencoder", "truth",
    ]  # fmt: skip
    assert rows["truth"]["PSNR dB ↑"] == "100.00 ± 0.00"
    assert rows["full_wrong_partner"]["agents differ beyond truth ↓"] == "-"
    assert {"car hit ↑", "car overlap ↑"} <= set(rows["full"])
    assert list(table_after(tables, "paired by clip")) == ["raw", "full_wrong_partner", "own_frame_oracle"]
    assert list(table_after(tables, "## Front view only"))[:3] == ["full", "raw", "front"]
    assert table_after(tables, "## Models")["raw"]["camera"] == "raw_pose"

    results = results_of(settings)
    assert results["models"]["front"]["views"] == ["front"]
    assert results["models"]["full"]["record"]["training"] == {"steps": 7, "hours": 0.25}
    assert len(results["models"]["full"]["digest"]) == len(results["autoencoder"]["digest"]) == 64
    assert results["clips"]["options"]["split"] == "test"
    assert results["clips"]["town_seeds"] == [0, 3]
    clips = results["variants"]["full"]["clips"]
    assert [clip["name"] for clip in clips] == results["clips"]["names"]
    mean = np.mean([clip["all_views"]["psnr"] for clip in clips])
    assert rows["full"]["PSNR dB ↑"].startswith(f"{mean:.2f} ±")
    assert results["variants"]["front"]["clips"][0]["all_views"] is None
    assert results["variants"]["full"]["seconds_per_clip"] > 0

    with Image.open(settings.out / "sheets" / "00000000.png") as sheet:
        assert sheet.size[0] == 5 * (192 + 4)
    video = decode_video(settings.out / "videos" / "00000000.mp4")
    assert len(video) == CLIPS.frames
    assert [path.name for path in (settings.out / "sheets").iterdir()] == ["00000000.png"]


def test_a_model_is_not_explained_as_a_control_that_its_name_ends_like(settings, files):
    tables = evaluate(replace(settings, models={"full_independent": files.full}, baseline="full_independent", limit=2))
    assert "Front view only" not in tables
    assert "- `full_independent`" not in tables
    assert "- `full_independent_wrong_partner`" in tables


def test_second_run_measures_only_what_changed(settings, files, tmp_path):
    model = tmp_path / "model.safetensors"
    shutil.copy(files.no_cross_agent, model)
    settings = replace(settings, models={"full": files.full, "other": model}, limit=2)
    tables, before = evaluate(settings), {name: measured(settings, name) for name in ("full", "other", "truth")}
    assert evaluate(settings) == tables
    assert {name: measured(settings, name) for name in before} == before

    shutil.copy(files.raw_pose, model)
    assert evaluate(settings) != tables
    assert measured(settings, "full") == before["full"]  # the seconds show that nothing was sampled again
    changed = measured(settings, "other")
    assert all(changed[clip]["key"] != before["other"][clip]["key"] for clip in changed)

    evaluate(replace(settings, steps=2))
    assert measured(settings, "full") != before["full"]
    assert measured(settings, "truth") == before["truth"]


def test_interrupted_run_goes_on(settings, tmp_path):
    clips = tmp_path / "clips"
    shutil.copytree(settings.clips, clips)
    settings = replace(settings, clips=clips)
    video = clips / "clips" / "00000" / "00000002" / "agent_1.mkv"
    content = video.read_bytes()
    video.write_bytes(b"no video".ljust(len(content)))  # of the same size, so that only its content is at fault
    with pytest.raises(ValueError, match="00000002: the clip cannot be read"):
        evaluate(settings)
    before = measured(settings, "full")
    assert list(before) == ["00000000", "00000001"]
    assert not (settings.out / "results.json").exists()

    video.write_bytes(content)
    evaluate(settings)
    after = measured(settings, "full")
    assert len(after) == 4
    assert {name: after[name] for name in before} == before


def test_fewer_clips_are_not_measured_again(settings):
    evaluate(replace(settings, limit=3))
    before = measured(settings, "full_wrong_partner")
    tables = evaluate(replace(settings, limit=2))
    assert measured(settings, "full_wrong_partner") == before
    assert "2 clips of 2 towns" in tables


def test_broken_records_are_measured_again(settings, caplog):
    settings = replace(settings, limit=2)
    evaluate(settings)
    path = settings.out / "measured" / "full.json"
    path.write_text(path.read_text()[:100])
    evaluate(settings)
    assert "is broken" in caplog.text
    assert len(measured(settings, "full")) == 2


@pytest.fixture
def command(files, tmp_path):
    def filled(**changes):
        values = {
            "clips": files.clips, "autoencoder": files.autoencoder, "model": f"full={files.full}",
            "out": tmp_path / "out", "steps": 2, **changes,
        }  # fmt: skip
        return ["evaluate", *(text for name, value in values.items() for text in (f"--{name}", str(value)))][1:]

    return filled


def test_command_prints_the_tables(command, capsys, tmp_path):
    assert main(command(limit=1)) == 0
    printed = capsys.readouterr().out
    assert printed == (tmp_path / "out" / "table.md").read_text()
    assert "own_frame_oracle" not in printed


def one_sentence(command, capsys):
    assert main(command) == 1
    message = capsys.readouterr().err
    assert message.startswith("error: ")
    return message.strip().split("\n")[-1]


def test_other_autoencoder(command, capsys, tmp_path):
    write_vae(tmp_path / "vae.safetensors", channels=6)
    message = one_sentence(command(autoencoder=tmp_path / "vae.safetensors"), capsys)
    assert "'full' (full.safetensors) makes latents of 4 channels, the autoencoder vae.safetensors has 6" in message


def test_files_of_another_kind(command, files, capsys):
    assert "is ShareVerse, not a pocket VAE" in one_sentence(command(autoencoder=files.full), capsys)
    message = one_sentence(command(model=f"full={files.autoencoder}"), capsys)
    assert "vae.safetensors is" in message
    assert "not ShareVerse" in message
    assert "nowhere.safetensors" in one_sentence(command(model="full=nowhere.safetensors"), capsys)
    assert "nowhere is not the file of a pocket VAE" in one_sentence(command(autoencoder="nowhere"), capsys)


def test_model_of_another_size(command, capsys, tmp_path):
    write_model(tmp_path / "large.safetensors", ShareVerseOptions(), tile=64)
    message = one_sentence(command(model=f"full={tmp_path / 'large.safetensors'}"), capsys)
    assert "(2, 4, 4) tokens" in message
    assert "2 frames of 4x4, (2, 2, 2) tokens" in message


def test_model_with_another_tile_or_text(command, capsys, tmp_path):
    path = tmp_path / "model.safetensors"
    write_model(path, ShareVerseOptions(raymap=RaymapOptions(view_layout=STRIP)))
    assert "generates 1x4 tiles" in one_sentence(command(model=f"full={path}"), capsys)
    write_model(path, ShareVerseOptions(), training={"recipe": {"empty_text": "empty.safetensors"}})
    assert "text encoder's output" in one_sentence(command(model=f"full={path}"), capsys)


def test_data_sets_that_cannot_be_evaluated(command, capsys, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "there is no index that lists a clip" in one_sentence(command(clips=tmp_path / "empty"), capsys)
    make_data_set(DataSet(tmp_path / "blind", "test", CLIPS, ground_truth=False), 1)
    message = one_sentence(command(clips=tmp_path / "blind"), capsys)
    assert "00000000: The clip has no depth and instances; make the data set with ground truth" in message
    make_data_set(DataSet(tmp_path / "sunny", "validation", replace(CLIPS, weathers=("sunny",))), 1)
    message = one_sentence(command(reference=tmp_path / "sunny"), capsys)
    assert "there is no clip in weather 'overcast'" in message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"baseline": "half"}, "The baseline 'half' is none of the models full"),
        ({"model": "truth=x"}, "A model cannot be called 'truth'"),
        ({"model": "../x=y"}, "A model cannot be called '../x'"),
        ({"steps": 0}, "1 to 1000 steps, given 0"),
        ({"batch": 0}, "'batch' must be at least 1, given 0"),
        ({"device": "abacus"}, "There is no device 'abacus'"),
    ],
)
def test_mistakes_on_the_command_line(command, capsys, changes, message):
    assert message in one_sentence(command(**changes), capsys)


def test_a_name_stands_for_one_model(command, files, capsys):
    assert "'full' is given to two models" in one_sentence([*command(), "--model", f"full={files.raw_pose}"], capsys)


def test_every_column_is_explained():
    assert set(COLUMN_MEANINGS) == set(COLUMNS)


def test_evaluation_is_reached_through_the_pack(capsys):
    with pytest.raises(SystemExit) as exit_status:
        program.main(["evaluate", "--help"])
    assert exit_status.value.code == 0
    assert "NAME=FILE" in capsys.readouterr().out


def test_evaluation_needs_no_comfyui():
    code = (
        "import sys, shared_world.evaluation.cli, shared_world.evaluation.run; "
        "sys.exit(any(name.split('.')[0] in ('comfy', 'comfy_api', 'folder_paths') or name.startswith("
        "('shared_world.nodes', 'shared_world.sampling')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
