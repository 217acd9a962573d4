"""MultiWorld files of the smallest sizes, and files of the published sizes that hold nothing but a header."""

import json
import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from shared_world.models.multiworld.layout import MultiWorldLayout, expected_shapes

SMALL: dict[str, Any] = {
    "dim": 16,
    "layers": 2,
    "ffn_dim": 24,
    "time_dim": 8,
    "in_channels": 48,
    "out_channels": 48,
    "environment_dim": 12,
    "connector_dim": 20,
}
PUBLISHED: dict[str, Any] = {
    "dim": 3072,
    "layers": 30,
    "ffn_dim": 14336,
    "time_dim": 256,
    "in_channels": 48,
    "out_channels": 48,
    "environment_dim": 2048,
    "connector_dim": 2048,
}


def layouts(backbone: dict[str, Any]) -> dict[str, MultiWorldLayout]:
    """All three variants of a size."""
    dim = backbone["dim"]
    players = {"buttons": 10, "axes": 2}
    robots = {"joints": 8, "camera_dim": 16, "camera_hidden": (dim // 4, dim // 2)}
    return {
        "ItTakesTwo": MultiWorldLayout("it_takes_two", **backbone, **players),
        "ItTakesTwo toy": MultiWorldLayout("it_takes_two", **backbone, **players, weighting_dim=dim // 4),
        "robots": MultiWorldLayout("robots", **backbone, **robots),
    }


def random_tensors(layout: MultiWorldLayout, dtype: torch.dtype = torch.bfloat16) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {name: torch.randn(shape, generator=generator).to(dtype) for name, shape in expected_shapes(layout).items()}


def write_header(path: Path, layout: MultiWorldLayout) -> None:
    """A file whose tensors are a hole: as long as a real one, but nothing is stored."""
    header, end = {}, 0
    for name, shape in expected_shapes(layout).items():
        start, end = end, end + 2 * math.prod(shape)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [start, end]}
    encoded = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(len(encoded).to_bytes(8, "little") + encoded)
        file.truncate(8 + len(encoded) + end)
