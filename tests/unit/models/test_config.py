import re
from dataclasses import replace

import pytest
import torch

from shared_world.development.tiny_checkpoints import CONFIG
from shared_world.models.cogvideox.config import PUBLISHED_GRID, CogVideoXConfig, config_from_shapes
from shared_world.models.cogvideox.transformer import CogVideoXTransformer
from shared_world.models.layers import Layers
from shared_world.tests.tiny_networks import TINY

RECORD = {"text_tokens": CONFIG.text_tokens, "learned_grid": list(CONFIG.learned_grid)}


def shapes_of(config: CogVideoXConfig) -> dict[str, tuple[int, ...]]:
    network = CogVideoXTransformer(config, Layers(device=torch.device("meta")))
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


def test_published_model_needs_no_record():
    assert config_from_shapes(shapes_of(CogVideoXConfig())) == CogVideoXConfig()
    assert shapes_of(CogVideoXConfig())["patch_embed.pos_embedding"] == (1, 226 + 17550, 3072)


@pytest.mark.parametrize(
    "config",
    [
        CONFIG,
        TINY,
        replace(TINY, layers=11, dim=96, head_dim=32, time_dim=24, text_dim=7, in_channels=8, out_channels=4),
        replace(CONFIG, patch_size=4, text_tokens=3, learned_grid=(1, 2, 3)),
    ],
)
def test_sizes_are_read_back_from_shapes_and_record(config):
    record = {"text_tokens": config.text_tokens, "learned_grid": config.learned_grid}
    assert config_from_shapes(shapes_of(config), record) == config


def test_table_of_another_length_than_the_published_grid_asks_for_a_record():
    with pytest.raises(
        ValueError, match=r"has 128 rows, but 13 x 30 x 45 video tokens and 226 .* need 17776.*'learned_grid'"
    ):
        config_from_shapes(shapes_of(CONFIG))


def test_table_of_another_length_than_recorded_is_refused():
    wrong = {**RECORD, "learned_grid": [5, 4, 5]}
    with pytest.raises(ValueError, match=r"has 128 rows, but 5 x 4 x 5 video tokens and 8 text tokens need 108"):
        config_from_shapes(shapes_of(CONFIG), wrong)


@pytest.mark.parametrize(
    "damage", [{"learned_grid": [5, 24]}, {"learned_grid": "big"}, {"text_tokens": "eight"}, {"text_tokens": None}]
)
def test_damaged_record_is_named(damage):
    with pytest.raises(ValueError, match=re.escape(repr(next(iter(damage.values()))))):
        config_from_shapes(shapes_of(CONFIG), RECORD | damage)


def test_record_of_null_grid_means_the_published_one():
    assert config_from_shapes(shapes_of(CogVideoXConfig()), {"learned_grid": None}).learned_grid == PUBLISHED_GRID


def test_linear_patch_embedding_of_the_next_generation_is_refused():
    shapes = shapes_of(TINY) | {"patch_embed.proj.weight": (128, 256)}
    with pytest.raises(ValueError, match=r"patch_embed.proj.weight has shape \(128, 256\)"):
        config_from_shapes(shapes)


@pytest.mark.parametrize("missing", ["patch_embed.proj.weight", "time_embedding.linear_1.weight", "proj_out.weight"])
def test_missing_parameter_is_named(missing):
    shapes = shapes_of(TINY)
    del shapes[missing]
    with pytest.raises(KeyError, match=missing):
        config_from_shapes(shapes)
