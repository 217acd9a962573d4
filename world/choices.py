"""Options that are one of a few words."""

from typing import Any, get_args


def check_choice(option: str, value: object, choices: Any) -> None:
    """Refuse anything but the values of `choices`, a `Literal`. Raises ValueError that lists them."""
    if value not in get_args(choices):
        raise ValueError(f"{option} must be one of {', '.join(get_args(choices))}, given '{value}'.")
