"""Files in models/diffusion_models that are no ShareVerse: the loader says what they are taken for."""

import os
import pickle
import re
import shutil

import pytest
import safetensors.torch
import torch

from shared_world.development.example_models import example_models
from shared_world.tests.comfyui.failures import failure
from shared_world.tests.comfyui.graphs import BASE, EXTEND, EXTENSION, MODEL, VAE, Graph, two_agents

pytestmark = pytest.mark.usefixtures("next_run_works")

MODELS = example_models()


class RunsCode:
    def __reduce__(self):
        return os.system, ("touch opened",)


def whole_model():
    return (MODELS / "diffusion_models" / MODEL).read_bytes()


BROKEN = {
    "empty.safetensors": (lambda path: path.write_bytes(b""), r"empty \(0 bytes\)"),
    "cut.safetensors": (lambda path: path.write_bytes(whole_model()[:-1000]), r"cut off: it should have \d+ bytes"),
    "cut_header.safetensors": (lambda path: path.write_bytes(whole_model()[:300]), r"cut off: its header alone"),
    "noise.safetensors": (lambda path: path.write_bytes(bytes(range(255, -1, -1)) * 20), r"not a safetensors file"),
    "pickle.safetensors": (lambda path: path.write_bytes(pickle.dumps(RunsCode())), r"Python pickle.*run code"),
    "zipped.safetensors": (lambda path: torch.save({"a": torch.zeros(1)}, path), r"Python pickle.*run code"),
    "vae.safetensors": (lambda path: shutil.copy(MODELS / "vae" / VAE, path), r"is a VAE, not ShareVerse"),
    "other.safetensors": (
        lambda path: safetensors.torch.save_file({"layer.weight": torch.zeros(2)}, path),
        r"unknown kind of file \(its first tensor is 'layer\.weight'\)",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_file_that_is_no_shareverse_is_named_for_what_it_is(server, name):
    write, says = BROKEN[name]
    write(server.diffusion_models / name)
    message = failure(server, two_agents().change("model", model_name=name), "model")
    assert message.startswith(name)
    assert re.search(says, message)
    assert not list(server.folder.rglob("opened"))
    assert not (server.comfyui / "opened").exists()


def test_base_model_alone_is_refused_with_the_node_that_extends_it(server):
    message = failure(server, two_agents().change("model", model_name=BASE), "model")
    assert re.search(r"is CogVideoX-I2V, not ShareVerse.*'Extend Base Model'", message)


def test_extension_without_a_base_names_the_base_that_it_was_made_with(server):
    message = failure(server, two_agents().change("model", model_name=EXTENSION), "model")
    assert re.search(rf"only ShareVerse's extra modules.*{re.escape(BASE)}", message)


def test_extension_on_something_else_than_its_base(server):
    graph = two_agents().change("model", model_name=EXTENSION, base_model=MODEL)
    assert re.search(r"is ShareVerse; ShareVerse extends CogVideoX-I2V", failure(server, graph, "model"))


def test_only_a_base_model_can_be_extended_and_nothing_is_written(server):
    before = sorted(server.diffusion_models.iterdir())
    graph = Graph().add("extended", "SharedWorldExtendBaseModel", **EXTEND | {"base_model": MODEL, "save_as": "again"})
    assert "extends CogVideoX-I2V" in failure(server, graph, "extended")
    assert sorted(server.diffusion_models.iterdir()) == before
