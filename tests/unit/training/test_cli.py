import subprocess
import sys

import pytest
import yaml

import shared_world.__main__ as program
from shared_world.development.locations import ROOT
from shared_world.models.checkpoints import open_checkpoint
from shared_world.training import cli


@pytest.fixture
def config(vae_settings, tmp_path, monkeypatch):
    monkeypatch.setattr(cli.signal, "signal", lambda number, action: None)
    path = tmp_path / "config.yaml"
    data = {"train": vae_settings.data.train, "cache": vae_settings.data.cache, "frames": 5, "stride": 5}
    loop = {"steps": 3, "batch_size": 2, "micro_batch_size": 1, "learning_rate": 1e-3}
    network = vae_settings.network.to_dict()
    path.write_text(yaml.safe_dump({"name": "vae", "output": "", "data": data, "loop": loop, "network": network}))
    return path


def test_program_trains(config, tmp_path):
    arguments = ["train", "vae", str(config), "--output", str(tmp_path / "run"), "--set", "loop.steps=2"]
    assert program.main(arguments) == 0
    assert open_checkpoint(tmp_path / "run" / "vae.safetensors").record["training"]["steps"] == 2


def test_time_limit_from_the_command_line(config, tmp_path):
    arguments = ["train", "vae", str(config), "--output", str(tmp_path / "run"), "--max-hours", "0"]
    assert program.main(arguments) == 0
    assert open_checkpoint(tmp_path / "run" / "vae.safetensors").record["training"]["steps"] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["shareverse", "nowhere.yaml"], "No such file or directory: 'nowhere.yaml'"),
        (["vae", "{config}", "--set", "loop.steps=x"], "'loop.steps' must be of type int"),
        (["shareverse", "{config}"], "unknown entry"),
        (["vae", "{config}", "--output", "{run}", "--set", "data.train=nowhere"], "nowhere: there is no index"),
    ],
)
def test_mistakes_end_in_one_sentence(config, tmp_path, caplog, arguments, message):
    filled = [argument.format(config=config, run=tmp_path / "run") for argument in arguments]
    if "shareverse" in arguments and "{config}" in arguments:
        config.write_text(config.read_text() + "latent_noise: 1.0\nautoencoder: a\n")
    assert program.main(["train", *filled]) == 1
    assert message in caplog.text


def test_simulator_is_reached_through_the_pack(capsys):
    with pytest.raises(SystemExit) as exit_status:
        program.main(["pocket", "--help"])
    assert exit_status.value.code == 0
    assert "examples" in capsys.readouterr().out


def test_help_and_unknown_commands(capsys):
    assert program.main([]) == 0
    assert "train" in capsys.readouterr().out
    assert program.main(["fly"]) == 2


def test_missing_packages_are_named(capsys, monkeypatch):
    modules = {"accelerate": "accelerate", "no_such_module": "no-such-package"}
    monkeypatch.setitem(program.NEEDED, "train", ("Training", modules))
    assert program.main(["train", "vae", "x"]) == 1
    assert "pip install no-such-package" in capsys.readouterr().err


def test_training_needs_no_comfyui():
    code = (
        "import sys, shared_world.training.cli, shared_world.training.shareverse_run, shared_world.training.vae_run; "
        "sys.exit(any(name.split('.')[0] in ('comfy', 'comfy_api', 'folder_paths') or name.startswith("
        "('shared_world.nodes', 'shared_world.sampling')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
