import json
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch

from shared_world.development.comfyui_in_process import use_comfyui

use_comfyui()

from shared_world.development.tiny_metaworld import metaworld_weights  # noqa: E402
from shared_world.models.checkpoints import CheckpointError, open_checkpoint, write_checkpoint  # noqa: E402
from shared_world.models.metaworld.comfyui import load_metaworld  # noqa: E402
from shared_world.models.metaworld.layout import WanLayout, wan_shapes  # noqa: E402
from shared_world.models.metaworld.options import MetaWorldOptions  # noqa: E402
from shared_world.tests.unit.training.metaworld_settings import tiny_metaworld  # noqa: E402
from shared_world.tests.unit.training.pocket_clips import make_pocket_clips  # noqa: E402
from shared_world.training.comfyui_modules import gradients_through_comfyui  # noqa: E402
from shared_world.training.metaworld_prediction import predict  # noqa: E402
from shared_world.training.metaworld_run import network_options, starting_point, train_metaworld  # noqa: E402
from shared_world.training.metaworld_trained import load_trained  # noqa: E402

CHANNELS = 4
LATENTS = (2, CHANNELS, 2, 2, 4)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("towns")
    make_pocket_clips(folder / "train", 3)
    make_pocket_clips(folder / "validation", 1, split="validation")
    return folder


@pytest.fixture
def settings(tmp_path, clips, vae_file):
    return tiny_metaworld(tmp_path, clips, vae_file, options={"depth": "either"})


def path_of(settings):
    return Path(settings.output) / f"{settings.name}.safetensors"


def told(agents=2, worlds=1, seed=0):
    random = torch.Generator().manual_seed(seed)
    video = torch.randn(worlds, agents, CHANNELS, *LATENTS[2:], generator=random)
    condition = torch.randn(worlds, agents, 2 * CHANNELS, *LATENTS[2:], generator=random)
    identities = torch.randn(worlds, agents, CHANNELS, 1, *LATENTS[3:], generator=random)
    return video, torch.full((worlds,), 0.6), condition, identities


def later(settings, start, **changes):
    """The second stage: agents aligned, from the first one's result."""
    output = str(Path(settings.output).with_name("pairs"))
    return replace(settings, name="pairs", output=output, start=str(path_of(start)), topology="ring", **changes)


def test_two_stages_from_scratch_to_a_model_of_comfyui(settings):
    train_metaworld(settings)
    first = open_checkpoint(path_of(settings))
    assert first.record["options"]["alignment"] is False
    assert first.record["trained"] == {"frames": 5, "width": 32, "height": 16, "agents": 2}
    pairs = later(settings, settings)
    train_metaworld(pairs)
    trained = load_trained(path_of(pairs))
    assert trained.options.alignment
    # The aligned network through ComfyUI's loader gives what the trainer's network gives.
    loaded = load_metaworld(open_checkpoint(path_of(pairs))).model.diffusion_model.float()
    given = told()
    with torch.no_grad():
        expected = predict(trained, *given, "ring")
        torch.testing.assert_close(predict(loaded, *given, "ring"), expected)
        assert not torch.allclose(predict(trained, *given, "none"), expected)


def test_stopping_and_going_on_changes_nothing(settings, tmp_path):
    whole = replace(settings, output=str(tmp_path / "whole"))
    train_metaworld(whole)
    calls = iter(range(2))
    train_metaworld(settings, asked_to_stop=lambda: next(calls, None) is None)
    train_metaworld(settings)
    first, second = (safetensors.torch.load_file(path_of(run)) for run in (whole, settings))
    assert [name for name in first if not torch.equal(first[name], second[name])] == []


def test_training_forgets_to_be_random(settings):
    """Some dozens of steps on three clips must bring the loss down far below the first one."""
    train_metaworld(
        replace(settings, loop=replace(settings.loop, steps=120, learning_rate=3e-3, ema_decay=0.0, log_every=20))
    )
    lines = [json.loads(line) for line in (Path(settings.output) / "log.jsonl").read_text().splitlines()]
    losses = [line["loss"] for line in lines if "loss" in line]
    assert losses[-1] < 0.75 * losses[0]


def test_no_parameter_is_stuck_at_its_start(settings, vae_file):
    """Zero layers behind zero layers would never learn."""
    options = MetaWorldOptions(latent_scale=1.0, depth="either")
    network = starting_point(replace(settings, topology="ring"), options, LATENTS).network(torch.Generator())
    optimizer = torch.optim.SGD(network.parameters(), 0.5)
    given = told(worlds=2)
    target = torch.randn(given[0].shape, generator=torch.Generator().manual_seed(1))
    unmoved = {name: value.clone() for name, value in network.named_parameters()}
    with gradients_through_comfyui():
        assert predict(network, *given, "ring").abs().max() == 0
        for step in range(8):
            video, times, condition, identities = given
            condition = condition[:, :, :CHANNELS] if step % 2 else condition
            loss = (predict(network, video, times, condition, identities, "ring") - target).square().mean()
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
    # Keys' biases shift all scores of a query alike, and one text token is attended to whatever its key.
    blind = (
        "attn.k.bias",
        "wsa.k.bias",
        "cross_attn.q",
        "cross_attn.k",
        "cross_attn.norm_",
        "text_embedding.0.weight",
        "norm3",
    )
    stuck = [name for name, value in network.named_parameters() if torch.equal(value, unmoved[name])]
    assert [name for name in stuck if not any(part in name for part in blind)] == []


def test_alignment_starts_as_no_change(settings):
    train_metaworld(settings)
    pairs = later(settings, settings)
    options = MetaWorldOptions.from_dict(open_checkpoint(path_of(settings)).record["options"])
    start = starting_point(pairs, replace(options, alignment=True), LATENTS)
    with torch.no_grad():
        before = predict(load_trained(path_of(settings)), *told(), "none")
        torch.testing.assert_close(predict(start.network(torch.Generator()), *told(), "ring"), before)


def test_starts_with_other_options_are_refused(settings):
    train_metaworld(settings)
    with pytest.raises(CheckpointError, match=r"other options.*depth"):
        train_metaworld(later(settings, settings, options={"depth": "with"}))


def test_a_base_is_extended(settings, tmp_path):
    layout = WanLayout(dim=24, layers=1, ffn_dim=32, time_dim=16, text_dim=4, channels=CHANNELS)
    write_checkpoint(
        tmp_path / "base.safetensors", metaworld_weights(wan_shapes(layout), 0), {"network": {"num_heads": 2}}
    )
    run = replace(
        settings, base=str(tmp_path / "base.safetensors"), topology="ring", loop=replace(settings.loop, steps=1)
    )
    train_metaworld(run)
    record = open_checkpoint(path_of(run)).record
    assert record["base_model"] == "base.safetensors"
    assert record["network"]["num_heads"] == 2
    assert load_trained(path_of(run)).layout == layout


def test_latents_of_another_width_are_refused(settings):
    with pytest.raises(ValueError, match="multiple of twice the heads, given 24 and 5"):
        starting_point(
            replace(settings, network=replace(settings.network, heads=5)), MetaWorldOptions(latent_scale=1.0), LATENTS
        )


def test_options_follow_the_stage(settings):
    class Autoencoder:
        channels, latent_scale, latent_rgb_factors = 4, 0.5, ((1.0, 0.0, 0.0),) * 4

    class OfWan:
        channels, latent_scale, latent_rgb_factors = 16, 1.0, ()

    assert network_options(settings, Autoencoder).alignment is False
    assert network_options(replace(settings, topology="ring"), Autoencoder).alignment is True
    assert network_options(settings, Autoencoder).latent_scale == 0.5
    assert network_options(settings, OfWan).latent_scale is None
