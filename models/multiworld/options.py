"""What a MultiWorld checkpoint does not show in its tensors: the base of the agents' rotation."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor

from ..recorded_options import refuse_unknown_options
from .identity import IDENTITY_BASES, identity_base_from_tables
from .layout import IDENTITY_TABLES, Variant


@dataclass(frozen=True)
class MultiWorldOptions:
    """Choices beside the layout.

    Attributes:
        identity_base: base of the Agent Identity Embedding; 2 for the published ItTakesTwo files, 20 for robots.
    """

    identity_base: float

    def __post_init__(self) -> None:
        """Refuse what a checkpoint should not record; raises ValueError that names option and value."""
        base = self.identity_base
        if not isinstance(base, int | float) or isinstance(base, bool) or not (math.isfinite(base) and base > 0):
            raise ValueError(f"Option 'identity_base' must be a positive number, given {base!r}.")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def multiworld_options(
    variant: Variant, recorded: Mapping[str, Any], tensors: Mapping[str, Tensor]
) -> MultiWorldOptions:
    """Options that the metadata record, else those of tables in the file, else the published ones.

    Args:
        variant: of the checkpoint.
        recorded: the metadata's options.
        tensors: the checkpoint's, or those of `IDENTITY_TABLES` that it has.

    Raises:
        ValueError: for an option or value that this version does not know, since ignoring it would change the
            pictures.
    """
    refuse_unknown_options(MultiWorldOptions, recorded)
    if "identity_base" in recorded:
        return MultiWorldOptions(recorded["identity_base"])
    tables = [tensors[name] for name in IDENTITY_TABLES if name in tensors]
    if len(tables) == len(IDENTITY_TABLES):
        return MultiWorldOptions(identity_base_from_tables(*tables))
    return MultiWorldOptions(IDENTITY_BASES[variant])
