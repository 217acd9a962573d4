"""Numbers that go with actions, such as cameras, as a person types them: one row per line."""

import math

import torch
from torch import Tensor

from .layout import Extra


def parse_extra(text: str, extra: Extra) -> Tensor | None:
    """(items, fields) float64, one item per line in the order of the text; None if no line holds anything.

    Numbers are separated by spaces, with or without a comma behind each; `#` starts a comment.

    Raises:
        ValueError: naming the line (counted from 1) and the field, what is expected and what is given.
    """
    rows = []
    for line, content in enumerate(text.splitlines(), start=1):
        fields = [field.removesuffix(",") for field in content.partition("#")[0].split()]
        if not fields:
            continue
        if len(fields) != len(extra.fields):
            raise ValueError(
                f"line {line}: expected the {len(extra.fields)} numbers {' '.join(extra.fields)} of one {extra.item}, "
                f"separated by spaces, given {len(fields)}."
            )
        rows.append([_number(field, name, line) for field, name in zip(fields, extra.fields, strict=True)])
    return torch.tensor(rows, dtype=torch.float64) if rows else None


def _number(field: str, name: str, line: int) -> float:
    try:
        value = float(field)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"line {line}, {name}: expected a finite number with a decimal point, given '{field[:40]}'.")
    return value
