import json
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch
from accelerate.state import AcceleratorState

from shared_world.development.tiny_checkpoints import random_weights
from shared_world.models.checkpoints import CheckpointError, open_checkpoint, write_checkpoint
from shared_world.models.cogvideox.config import CogVideoXConfig
from shared_world.models.cogvideox.transformer import CogVideoXTransformer
from shared_world.models.shareverse.checkpoint import plan_shareverse
from shared_world.tests.unit.training.recorded_clips import write_recorded_clip
from shared_world.training.run_log import LOG_NAME
from shared_world.training.shareverse_run import train_shareverse
from shared_world.training.trained import load_trained

BASE = CogVideoXConfig(
    layers=2, dim=32, head_dim=16, time_dim=8, text_dim=4, in_channels=8, out_channels=4, text_tokens=3,
    learned_grid=(2, 2, 2),
)  # fmt: skip


def result_path(settings):
    return Path(settings.output) / f"{settings.name}.safetensors"


def result(settings):
    return safetensors.torch.load_file(result_path(settings))


def log_lines(settings):
    return [json.loads(line) for line in (Path(settings.output) / LOG_NAME).read_text().splitlines()]


def stop_after(steps):
    """An `asked_to_stop` that lets so many steps through."""
    calls = iter(range(steps))
    return lambda: next(calls, None) is None


def changed(settings, folder=None, **loop):
    output = settings.output if folder is None else str(Path(settings.output).parent / folder)
    return replace(settings, output=output, loop=replace(settings.loop, **loop), export_dtype="float32")


def assert_same_weights(first, second):
    assert first.keys() == second.keys()
    assert [name for name in first if not torch.equal(first[name], second[name])] == []


def test_result_is_a_shareverse_checkpoint_with_its_recipe(shareverse_settings):
    progress = train_shareverse(shareverse_settings)
    assert progress.step == 4
    checkpoint = open_checkpoint(result_path(shareverse_settings))
    plan = plan_shareverse(checkpoint)
    assert plan.config.layers == 2
    assert plan.config.learned_grid == (2, 2, 2)
    assert plan.options.latent_scale == 0.5
    assert plan.options.raymap.layout == "per_tile"
    assert set(plan.read()) == set(plan.expected())
    record = checkpoint.record
    assert record["trained"] == {"frames": 5, "width": 32, "height": 32, "agents": 2}
    training = record["training"]
    assert training["steps"] == 4
    assert training["hours"] >= 0
    assert training["recipe"]["loop"]["learning_rate"] == 1e-3
    assert training["data"]["town_seeds"] == [1000, 1005]
    assert training["data"]["windows"] == 6
    assert training["validation"]["validation_loss"] > 0
    assert str(Path(shareverse_settings.output).parent) not in json.dumps(record)


def test_muon_goes_on_where_it_was_interrupted(shareverse_settings):
    straight = changed(shareverse_settings, "straight", steps=6, optimizer="muon", mixed_precision="no")
    stopped = changed(straight, "stopped")
    train_shareverse(straight)
    train_shareverse(stopped, asked_to_stop=stop_after(3))
    train_shareverse(stopped)
    assert_same_weights(result(straight), result(stopped))


def test_mirror_images_are_trained_on_but_not_validated_on(shareverse_settings):
    settings = replace(shareverse_settings, data=replace(shareverse_settings.data, mirror=True))
    train_shareverse(settings)
    record = open_checkpoint(result_path(settings)).record["training"]["data"]
    assert (record["clips"], record["windows"]) == (6, 12)


@pytest.mark.parametrize("precision", ["no", "bf16"])
def test_interrupted_run_ends_as_an_uninterrupted_one(shareverse_settings, precision):
    loop = {
        "steps": 8, "micro_batch_size": 1, "warmup_steps": 2, "decay": "linear", "decay_start": 0.3,
        "weight_decay": 0.01, "mixed_precision": precision,
    }  # fmt: skip
    straight = changed(shareverse_settings, "straight", **loop)
    interrupted = changed(shareverse_settings, "interrupted", **loop)
    train_shareverse(straight)
    assert train_shareverse(interrupted, asked_to_stop=stop_after(4)).step == 4
    halfway = result(interrupted)
    AcceleratorState._reset_state(reset_partial_state=True)
    torch.manual_seed(12345)
    assert train_shareverse(interrupted).step == 8
    assert_same_weights(result(straight), result(interrupted))
    assert not torch.equal(halfway["proj_out.weight"], result(interrupted)["proj_out.weight"])
    numbers = [(line["step"], line.get("loss"), line.get("validation_loss")) for line in log_lines(straight)]
    assert set(numbers) <= {
        (line["step"], line.get("loss"), line.get("validation_loss")) for line in log_lines(interrupted)
    }


def test_run_killed_between_checkpoints_goes_on_from_the_last(shareverse_settings):
    killed = changed(shareverse_settings, "killed", steps=6, checkpoint_every=2, log_every=1)

    def die():
        if len(log_lines(killed)) >= 7 if (Path(killed.output) / LOG_NAME).exists() else False:
            raise RuntimeError("killed")
        return False

    with pytest.raises(RuntimeError, match="killed"):
        train_shareverse(killed, asked_to_stop=die)
    train_shareverse(killed)
    straight = changed(shareverse_settings, "straight", steps=6, checkpoint_every=2, log_every=1)
    train_shareverse(straight)
    assert_same_weights(result(straight), result(killed))
    steps = [line["step"] for line in log_lines(killed) if "loss" in line]
    assert steps == [1, 2, 3, 4, 5, 6]
    checkpoints = sorted(path.name for path in (Path(killed.output) / "checkpoints").iterdir())
    assert checkpoints == ["step-00000004", "step-00000006"]


def test_other_configuration_is_refused_with_what_differs(shareverse_settings):
    train_shareverse(changed(shareverse_settings))
    other = replace(changed(shareverse_settings, learning_rate=2e-3), random_translation=5.0)
    with pytest.raises(ValueError, match="another configuration") as failure:
        train_shareverse(other)
    message = str(failure.value)
    assert "loop.learning_rate: 0.001 before, 0.002 now" in message
    assert "random_translation: 2.0 before, 5.0 now" in message
    assert "loop.steps" not in message


def test_run_does_not_go_on_with_another_autoencoder_of_the_same_name(shareverse_settings, tmp_path):
    path = tmp_path / "vae.safetensors"
    path.write_bytes(Path(shareverse_settings.autoencoder).read_bytes())
    settings = replace(changed(shareverse_settings), autoencoder=str(path))
    train_shareverse(settings, asked_to_stop=stop_after(2))
    tensors = safetensors.torch.load_file(path)
    write_checkpoint(path, {name: 2 * tensor for name, tensor in tensors.items()}, open_checkpoint(path).record)
    with pytest.raises(ValueError, match="autoencoder_digest"):
        train_shareverse(settings)


def test_data_set_that_grew_is_mentioned_when_a_run_goes_on(shareverse_settings, tmp_path, caplog):
    data_set = tmp_path / "data"
    for number in range(2):
        write_recorded_clip(data_set, number, seed=number, view=16)
    settings = changed(shareverse_settings)
    settings = replace(settings, data=replace(settings.data, train=str(data_set)))
    train_shareverse(settings, asked_to_stop=stop_after(2))
    write_recorded_clip(data_set, 2, seed=2, view=16)
    assert train_shareverse(settings).step == 4
    assert "The data set had 2 windows, now it has 3" in caplog.text


def test_run_without_decay_can_be_made_longer(shareverse_settings):
    train_shareverse(changed(shareverse_settings))
    assert train_shareverse(changed(shareverse_settings, steps=6, log_every=1)).step == 6


def test_training_learns(shareverse_settings):
    settings = changed(shareverse_settings, steps=80, learning_rate=3e-3, log_every=10, ema_decay=0.95)
    settings = replace(settings, data=replace(settings.data, max_clips=1), random_turn="none")
    train_shareverse(settings)
    losses = [line["loss"] for line in log_lines(settings) if "loss" in line]
    assert min(losses[-3:]) < 0.8 * losses[0]


def test_time_limit_stops_and_keeps_what_was_learned(shareverse_settings):
    assert train_shareverse(shareverse_settings, max_hours=0.0).step == 0
    assert result_path(shareverse_settings).exists()
    assert train_shareverse(shareverse_settings).step == 4


def test_base_model_is_extended_without_changing_it(shareverse_settings, tmp_path):
    base = tmp_path / "base.safetensors"
    weights = random_weights(CogVideoXTransformer(BASE), seed=0)
    write_checkpoint(base, weights, {"network": {"text_tokens": 3, "learned_grid": [2, 2, 2]}})
    settings = replace(changed(shareverse_settings), base=str(base))
    train_shareverse(settings, max_hours=0.0)
    tensors = result(settings)
    assert_same_weights(weights, {name: tensors[name] for name in weights})
    assert not tensors["raymap_encoders.0.weight"].any()
    assert open_checkpoint(result_path(settings)).record["base_model"] == "base.safetensors"
    assert train_shareverse(settings).step == 4
    assert result(settings)["raymap_encoders.0.weight"].any()


def test_run_starts_from_another_run_s_result(shareverse_settings):
    first = changed(shareverse_settings, "first")
    train_shareverse(first)
    second = replace(changed(shareverse_settings, "second"), start=str(result_path(first)), random_turn="quarter")
    train_shareverse(second, max_hours=0.0)
    assert_same_weights(result(first), result(second))
    other = replace(second, output=f"{second.output}_other", options={"raymap": {"layout": "front"}})
    with pytest.raises(
        CheckpointError, match=r"tiny\.safetensors was trained with other options \(raymap\.layout: 'per_tile'"
    ):
        train_shareverse(other)


def test_network_of_raw_poses_is_no_ordinary_shareverse(shareverse_settings):
    """A node would feed it raymaps, and the pictures would be silently wrong."""
    settings = replace(shareverse_settings, camera="raw_pose")
    train_shareverse(settings)
    with pytest.raises(CheckpointError):
        plan_shareverse(open_checkpoint(result_path(settings)))
    network, camera = load_trained(result_path(settings))
    assert camera == "raw_pose"
    assert network.config.layers == 2


@pytest.mark.parametrize(
    ("entry", "value"), [("options", {"cross_agent": "none"}), ("data", "front"), ("gradient_checkpointing", True)]
)
def test_variants_train(shareverse_settings, entry, value):
    if entry == "data":
        network = replace(shareverse_settings.network, patch_size=1)
        settings = replace(shareverse_settings, data=replace(shareverse_settings.data, views=value), network=network)
    else:
        settings = replace(shareverse_settings, **{entry: value})
    train_shareverse(settings)
    plan = plan_shareverse(open_checkpoint(result_path(settings)))
    if entry == "options":
        assert plan.options.cross_agent == "none"
    if entry == "data":
        assert plan.options.raymap.view_layout.view_order == ("front",)
        assert open_checkpoint(result_path(settings)).record["trained"]["width"] == 16


def test_files_that_do_not_fit_are_named(shareverse_settings, tmp_path):
    text = tmp_path / "text.safetensors"
    safetensors.torch.save_file({"text": torch.zeros(1, 7)}, text)
    with pytest.raises(ValueError, match=r"text\.safetensors must hold one tensor .* given 1 tensors"):
        train_shareverse(replace(shareverse_settings, empty_text=str(text)))
    text.write_bytes(b"no such file format")
    with pytest.raises(ValueError, match=r"text\.safetensors cannot be read as safetensors"):
        train_shareverse(replace(shareverse_settings, empty_text=str(text)))
    with pytest.raises(ValueError, match="do not split into patches of 3x3"):
        train_shareverse(replace(shareverse_settings, network=replace(shareverse_settings.network, patch_size=3)))
    with pytest.raises(ValueError, match="there is no index"):
        train_shareverse(replace(shareverse_settings, data=replace(shareverse_settings.data, train=str(tmp_path))))
    with pytest.raises(ValueError, match="none of the 6 clips is long enough for 9 frames"):
        train_shareverse(replace(shareverse_settings, data=replace(shareverse_settings.data, frames=9)))
