"""The order in which people number files."""

import re
from typing import Any


def natural_order(text: str) -> list[Any]:
    """Sort key under which 2 comes before 10."""
    # Digit runs compare by length without leading zeros, then by digits: as numbers, of any length.
    parts = re.split(r"([0-9]+)", text)
    return [(len(part.lstrip("0")), part.lstrip("0")) if index % 2 else part for index, part in enumerate(parts)]
