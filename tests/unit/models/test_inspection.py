"""What `python -m shared_world inspect` says of a file."""

import pytest
import safetensors.torch
import torch

from shared_world.__main__ import main
from shared_world.models.checkpoints import write_checkpoint
from shared_world.models.inspection import inspect_checkpoint
from shared_world.models.multiworld.layout import IDENTITY_TABLES
from shared_world.tests.unit.models.multiworld_files import PUBLISHED, SMALL, layouts, random_tensors, write_header

HEADS = {"network": {"num_heads": 2}}


@pytest.fixture
def robots(tmp_path):
    """Writes a small file with changed tensors, or None to leave them out."""

    def write(**changes):
        tensors = random_tensors(layouts(SMALL)["robots"]) | changes
        path = tmp_path / "robots.safetensors"
        write_checkpoint(path, {name: value for name, value in tensors.items() if value is not None}, HEADS)
        return path

    return write


@pytest.mark.parametrize(
    ("variant", "tensors", "base", "weighting"),
    [("ItTakesTwo", 984, 2, "no"), ("ItTakesTwo toy", 988, 2, "yes"), ("robots", 989, 20, "no")],
)
def test_published_file_has_nothing_to_complain_about(tmp_path, variant, tensors, base, weighting):
    path = tmp_path / "published.safetensors"
    write_header(path, layouts(PUBLISHED)[variant])
    inspection = inspect_checkpoint(path)
    assert not inspection.problems
    text = inspection.text()
    assert "kind: MultiWorld" in text
    assert f"variant: {variant}\n" in text
    assert f"tensors of the network: {tensors} of {tensors}" in text
    assert f"a published file of this variant has {tensors}" in text
    assert f"stored as: {tensors} x BF16" in text
    assert "dim 3072, 30 layers, ffn 14336, 24 heads of 128" in text
    assert f"adaptive action weighting: {weighting}" in text
    assert f"agent identity base: {base}, the variant's; tables in the file: no" in text
    assert "text embedding: none, as published" in text
    assert text.endswith("no problems found")


def test_damage_is_listed_by_name(robots):
    path = robots(
        **{
            "blocks.1.cross_attn.k_ctx.bias": None,
            "head.modulation": None,
            "text_embedding.0.weight": torch.zeros(2),
            "extra": torch.zeros(1, dtype=torch.float16),
        }
    )
    inspection = inspect_checkpoint(path)
    text = inspection.text()
    assert "missing: blocks.1.cross_attn.k_ctx.bias, head.modulation" in text
    assert "without a place in the network: extra, text_embedding.0.weight" in text
    assert "text embedding: present, ignored" in text
    assert "1 x F16" in text
    assert len(inspection.problems) == 1
    assert "it lacks" in inspection.problems[0]


@pytest.mark.parametrize("base", [2.0, 20.0])
def test_identity_tables_are_compared(robots, base):
    angles = torch.arange(8.0)[:, None] * base ** -(torch.arange(8) / 8)
    path = robots(**dict(zip(IDENTITY_TABLES, (angles.cos(), angles.sin()), strict=True)))
    text = inspect_checkpoint(path).text()
    assert f"agent identity base: {base:g}, read from its tables; tables in the file: yes" in text
    assert "no problems found" in text


def test_prefix_is_told(tmp_path):
    tensors = random_tensors(layouts(SMALL)["robots"])
    path = tmp_path / "prefixed.safetensors"
    named = {name if name.startswith("pipe.") else f"pipe.dit.{name}": value for name, value in tensors.items()}
    write_checkpoint(path, named, HEADS)
    inspection = inspect_checkpoint(path)
    assert "prefix: pipe.dit." in inspection.findings
    assert not inspection.problems


def test_every_checkpoint_of_the_pack_is_described(shareverse_file, extension_file, base_file):
    kinds = {
        shareverse_file: "ShareVerse",
        extension_file: "a ShareVerse extension without its base model",
        base_file: "CogVideoX-I2V",
    }
    for path, kind in kinds.items():
        inspection = inspect_checkpoint(path)
        assert f"kind: {kind}" in inspection.findings
        assert not inspection.problems
    assert any(line.startswith("options: ") for line in inspect_checkpoint(shareverse_file).findings)


def test_sharded_file_is_one_checkpoint(tmp_path):
    tensors = random_tensors(layouts(SMALL)["robots"])
    half = len(tensors) // 2
    names = list(tensors)
    for number, part in enumerate((names[:half], names[half:])):
        safetensors.torch.save_file({name: tensors[name] for name in part}, tmp_path / f"{number}.safetensors")
    weight_map = {name: f"{int(index >= half)}.safetensors" for index, name in enumerate(names)}
    (tmp_path / "model.safetensors.index.json").write_text(
        f'{{"weight_map": {str(weight_map).replace(chr(39), chr(34))}}}'
    )
    text = inspect_checkpoint(tmp_path / "0.safetensors").text()
    assert f"tensors of the network: {len(tensors)} of {len(tensors)}" in text
    assert "2 files" in text


class TestCommand:
    def test_sound_file(self, robots, capsys):
        assert main(["inspect", str(robots())]) == 0
        assert "variant: robots" in capsys.readouterr().out

    def test_one_bad_file_among_others(self, robots, tmp_path, capsys):
        (tmp_path / "empty.safetensors").touch()
        assert main(["inspect", str(robots()), str(tmp_path / "empty.safetensors"), str(tmp_path / "none")]) == 1
        out = capsys.readouterr().out
        assert "no problems found" in out
        assert "problem: empty.safetensors is empty (0 bytes)" in out
        assert "problem: none does not exist" in out
