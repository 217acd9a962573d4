import json
from dataclasses import replace

import pytest
import torch

from shared_world.development.comfyui_in_process import use_comfyui

use_comfyui()

from shared_world.development.tiny_metaworld import metaworld_weights  # noqa: E402
from shared_world.evaluation.cli import main  # noqa: E402
from shared_world.evaluation.clips import open_test_clips  # noqa: E402
from shared_world.evaluation.metaworld_run import evaluate_metaworld  # noqa: E402
from shared_world.evaluation.metaworld_variants import (  # noqa: E402
    MetaWorldSampling,
    ToldDifferently,
    load_metaworld,
)
from shared_world.evaluation.models import load_decoder  # noqa: E402
from shared_world.evaluation.settings import EvaluationSettings  # noqa: E402
from shared_world.models.checkpoints import write_checkpoint  # noqa: E402
from shared_world.models.metaworld.layout import WanLayout, expected_shapes  # noqa: E402
from shared_world.models.metaworld.options import MetaWorldOptions  # noqa: E402
from shared_world.pocket.dataset import DataSet, make_data_set  # noqa: E402
from shared_world.tests.unit.evaluation.conftest import CHANNELS, CLIPS, CPU, LATENT_SCALE, write_vae  # noqa: E402
from shared_world.tests.unit.evaluation.test_run import table_after  # noqa: E402

LAYOUT = WanLayout(dim=24, layers=2, ffn_dim=32, time_dim=16, text_dim=4, channels=CHANNELS)
CONDITIONS = {"backgrounds": ["anchor", "holistic"], "mask_dilation": 1.0, "voxel": 0.1, "point_radius": 0.1}


def write_metaworld(path, options, channels=CHANNELS):
    layout = replace(LAYOUT, channels=channels)
    record = {
        "system": "metaworld",
        "options": options.to_dict(),
        "network": {"num_heads": 2},
        "training": {"recipe": {"conditions": CONDITIONS}, "steps": 3},
    }
    write_checkpoint(path, metaworld_weights(expected_shapes(layout, options), seed=0), record)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("metaworld")
    options = replace(CLIPS, front_only=True, colours=("red", "blue"), width=32, fog=(60.0,))
    make_data_set(DataSet(folder / "test", "test", options), 2)
    write_vae(folder / "vae.safetensors")
    told = MetaWorldOptions(latent_scale=LATENT_SCALE, depth="either")
    write_metaworld(folder / "pairs.safetensors", told)
    write_metaworld(folder / "single.safetensors", replace(told, alignment=False, depth="with"))
    return folder


@pytest.fixture
def settings(folder, tmp_path):
    return EvaluationSettings(
        clips=folder / "test",
        autoencoder=folder / "vae.safetensors",
        models={"pairs": folder / "pairs.safetensors", "single": folder / "single.safetensors"},
        out=tmp_path / "out",
        baseline="pairs",
        steps=2,
        sheets=1,
    )


def row(settings, name="pairs", **told):
    device = CPU
    decoder = load_decoder(settings.autoencoder, device)
    sampling = MetaWorldSampling(decoder, settings.steps, settings.seed, settings.guidance, settings.shift, device)
    return ToldDifferently(load_metaworld(name, settings.models[name], device), sampling, "", **told)


def test_every_way_of_telling_has_its_row(settings):
    tables = evaluate_metaworld(settings)
    assert list(table_after(tables, "## All views")) == [
        "pairs", "pairs_holistic", "pairs_without_depth", "pairs_independent", "pairs_holistic_independent",
        "pairs_wrong_identities", "single", "single_holistic", "single_wrong_identities", "condition_video",
        "autoencoder", "truth",
    ]  # fmt: skip
    assert table_after(tables, "## All views")["truth"]["PSNR dB ↑"] == "100.00 ± 0.00"
    assert "Front view only" not in tables
    for explained in ("`pairs_wrong_identities`: agents are shown", "`pairs_holistic_independent`: as `_independent`"):
        assert tables.count(explained) == 1
    document = json.loads((settings.out / "results.json").read_text())
    assert document["models"]["pairs"]["camera"] == "condition videos"
    (sheet,) = (settings.out / "sheets").iterdir()
    assert sheet.suffix == ".png"
    # Nothing is sampled again.
    written = {path: path.stat().st_mtime_ns for path in (settings.out / "measured").iterdir()}
    assert evaluate_metaworld(settings) == tables
    assert {path: path.stat().st_mtime_ns for path in written} == written


@pytest.mark.parametrize(
    "told", [{"background": "holistic"}, {"topology": "none"}, {"with_depth": False}, {"wrong_identities": True}]
)
def test_what_is_told_counts(settings, told):
    clips = open_test_clips(settings.clips)
    batch = clips.read(clips.chosen[:1])
    plain, other = row(settings), row(settings, **told)
    (first,), (second,) = plain.frames(batch), other.frames(batch)
    assert first.shape == (2, 5, 1, 16, 32, 3)
    assert not torch.allclose(first, second, atol=1e-4)
    assert plain.depends_on(clips.chosen[0]) != other.depends_on(clips.chosen[0])


def test_clips_do_not_depend_on_their_batch(settings):
    clips = open_test_clips(settings.clips)
    together = row(settings).frames(clips.read(clips.chosen))
    (alone,) = row(settings).frames(clips.read(clips.chosen[1:]))
    torch.testing.assert_close(together[1], alone, atol=1e-4, rtol=0)


def test_guidance_changes_the_pictures(settings):
    clips = open_test_clips(settings.clips)
    batch = clips.read(clips.chosen[:1])
    (plain,) = row(settings).frames(batch)
    (guided,) = row(replace(settings, guidance=5.0)).frames(batch)
    assert not torch.allclose(plain, guided, atol=1e-3)


def test_the_command_takes_the_system_from_the_file(settings, capsys):
    arguments = ["--clips", str(settings.clips), "--autoencoder", str(settings.autoencoder), "--out", str(settings.out)]
    arguments += ["--model", f"single={settings.models['single']}", "--steps", "1", "--sheets", "0", "--limit", "1"]
    assert main(arguments) == 0
    assert "single_holistic" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["pairs_holistic", "condition_video"])
def test_a_model_may_not_be_called_as_another_row(settings, name):
    models = {**settings.models, name: settings.models["single"]}
    with pytest.raises(ValueError, match=f"Two rows would be called '{name}'; give the models other names"):
        evaluate_metaworld(replace(settings, models=models))


def test_latents_of_another_autoencoder_are_refused(settings, tmp_path):
    write_metaworld(tmp_path / "wide.safetensors", MetaWorldOptions(latent_scale=1.0), channels=CHANNELS + 1)
    models = {"wide": tmp_path / "wide.safetensors"}
    with pytest.raises(ValueError, match=r"'wide' makes latents of 5 channels, the autoencoder vae\.safetensors has 4"):
        evaluate_metaworld(replace(settings, models=models, baseline="wide"))
