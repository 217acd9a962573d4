"""Which files make a MultiWorld, read from headers."""

import math

import pytest
import torch

from shared_world.models.checkpoints import CheckpointError, open_checkpoint, write_checkpoint
from shared_world.models.multiworld.checkpoint import plan_multiworld
from shared_world.models.multiworld.layout import IDENTITY_TABLES, expected_shapes, layout_from_shapes
from shared_world.tests.unit.models.multiworld_files import PUBLISHED, SMALL, layouts, random_tensors, write_header

HEADS = {"network": {"num_heads": 2}}
VARIANTS = ["ItTakesTwo", "ItTakesTwo toy", "robots"]


@pytest.mark.parametrize("backbone", [SMALL, PUBLISHED])
@pytest.mark.parametrize("variant", VARIANTS)
def test_layout_is_read_back_from_its_shapes(backbone, variant):
    layout = layouts(backbone)[variant]
    assert layout_from_shapes(expected_shapes(layout)) == layout


@pytest.mark.parametrize(
    ("variant", "tensors", "parameters"),
    [
        ("ItTakesTwo", 984, 5_591_540_928),
        ("ItTakesTwo toy", 988, 5_593_901_761),
        ("robots", 989, 5_597_413_824),
    ],
)
def test_published_sizes_have_as_many_tensors_and_parameters_as_published(variant, tensors, parameters):
    shapes = expected_shapes(layouts(PUBLISHED)[variant])
    assert len(shapes) == tensors
    connector = sum(math.prod(shape) for name, shape in shapes.items() if name.startswith("pipe."))
    assert connector == 10_490_880
    assert sum(math.prod(shape) for shape in shapes.values()) == parameters + connector


@pytest.mark.parametrize(("variant", "base"), [("ItTakesTwo", 2), ("ItTakesTwo toy", 2), ("robots", 20)])
def test_published_files_need_no_metadata(tmp_path, variant, base):
    path = tmp_path / "published.safetensors"
    write_header(path, layouts(PUBLISHED)[variant])
    plan = plan_multiworld(open_checkpoint(path))
    assert plan.layout == layouts(PUBLISHED)[variant]
    assert plan.options.identity_base == base


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_single_missing_tensor_is_noticed(tmp_path, variant):
    tensors = random_tensors(layouts(SMALL)[variant])
    for missing in tensors:
        path = tmp_path / "model.safetensors"
        write_checkpoint(path, {name: value for name, value in tensors.items() if name != missing}, HEADS)
        with pytest.raises(CheckpointError) as error:
            plan_multiworld(open_checkpoint(path))
        assert missing in str(error.value)


def test_another_system_is_called_by_its_kind(shareverse_file):
    with pytest.raises(CheckpointError, match=r"shareverse\.safetensors is ShareVerse, not MultiWorld\."):
        plan_multiworld(open_checkpoint(shareverse_file))


@pytest.mark.parametrize(("shape", "sine"), [((8, 8), 0), ((1, 8), 1), ((8,), 1)])
def test_identity_tables_that_are_none_are_refused(tmp_path, shape, sine):
    path = tmp_path / "model.safetensors"
    tables = (torch.ones(shape), torch.full(shape, float(sine)))
    tensors = random_tensors(layouts(SMALL)["robots"]) | dict(zip(IDENTITY_TABLES, tables, strict=True))
    write_checkpoint(path, tensors, HEADS)
    with pytest.raises(CheckpointError, match=r"model\.safetensors: .*[iI]dentity tables"):
        plan_multiworld(open_checkpoint(path))
