"""The tiny MetaWorld files: they load as what they stand for, and everything in them has an effect."""

import json

import pytest
import safetensors.torch
import torch

from shared_world.development.tiny_metaworld import (
    BASE,
    EXTENSION,
    HEADS,
    LAYOUT,
    OPTIONS,
    WHOLE,
    write_tiny_metaworld,
)
from shared_world.models.batch import COUPLING_OPTIONS
from shared_world.models.checkpoints import METADATA_KEY, SYSTEMS, open_checkpoint
from shared_world.models.loading import load_multi_agent_model
from shared_world.models.metaworld.layout import expected_shapes

# Networks of this size are too small to share: threads would wait for each other, the longer the busier the machine is.
torch.set_num_threads(1)

FRAMES, HEIGHT, WIDTH = 2, 4, 6


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    write_tiny_metaworld(folder)
    return {path.stem: path for path in folder.rglob("*.safetensors")}


def velocity(patcher):
    generator = torch.Generator().manual_seed(0)

    def random(channels, frames, items=3):
        return torch.randn(items, channels, frames, HEIGHT, WIDTH, generator=generator)

    with torch.no_grad():
        return patcher.model.diffusion_model(
            random(16, FRAMES),
            torch.full((3,), 500.0),
            torch.randn(3, 4, LAYOUT.text_dim, generator=generator),
            time_dim_concat=random(16, 1),
            condition=random(32, FRAMES),
            agents=3,
            transformer_options={COUPLING_OPTIONS: {"topology": "ring"}},
        )


def test_files_are_small_random_and_say_so(files):
    assert set(files) == {WHOLE, BASE, EXTENSION}
    for path in files.values():
        assert path.stat().st_size < 2**19
        with safetensors.safe_open(path, framework="pt") as file:
            assert "random" in json.loads(file.metadata()[METADATA_KEY])["training"]


def test_what_the_files_are_taken_for(files):
    kinds = {name: open_checkpoint(str(path)).kind for name, path in files.items()}
    assert kinds == {
        WHOLE: SYSTEMS["metaworld"],
        BASE: "Wan",
        EXTENSION: "a MetaWorld extension without its base model",
    }


def test_whole_file_and_extension_with_its_base_are_the_same_network(files):
    whole = load_multi_agent_model(str(files[WHOLE]))
    parts = load_multi_agent_model(str(files[EXTENSION]), str(files[BASE]))
    assert whole.model.diffusion_model.blocks[0].num_heads == HEADS
    assert torch.equal(velocity(whole), velocity(parts))


def test_every_tensor_has_an_effect(files):
    patcher = load_multi_agent_model(str(files[WHOLE]))
    network, expected = patcher.model.diffusion_model, velocity(patcher)
    parameters = dict(network.named_parameters())
    assert parameters.keys() == expected_shapes(LAYOUT, OPTIONS).keys()
    for name, parameter in parameters.items():
        kept = parameter.detach().clone()
        with torch.no_grad():
            parameter += torch.randn(kept.shape, generator=torch.Generator().manual_seed(1))
            changed = velocity(patcher)
            parameter.copy_(kept)
        assert not torch.equal(changed, expected), name
