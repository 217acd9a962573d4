"""Options that a checkpoint's metadata record, whatever system it is of."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

Colour = tuple[float, float, float]


def refuse_unknown_options(options: type, recorded: Mapping[str, Any]) -> None:
    """Raise ValueError for an option that a dataclass does not have, since ignoring it would change the pictures."""
    unknown = set(recorded) - {option.name for option in fields(options)}
    if unknown:
        raise ValueError(
            f"The checkpoint was made with options that this version of Shared World does not know "
            f"({', '.join(sorted(unknown))}); update the node pack."
        )


def colour_rows(recorded: Iterable[Any]) -> tuple[Colour, ...]:
    """The option `latent_rgb_factors` from JSON. Raises ValueError if it is not rows of three numbers."""
    try:
        return tuple((float(red), float(green), float(blue)) for red, green, blue in recorded)
    except (TypeError, ValueError) as error:
        raise ValueError("Option 'latent_rgb_factors' must be rows of three numbers.") from error
