"""Lists that a person types into one field."""

import re


def split_names(text: str) -> list[str]:
    """Names that are separated by commas or line ends."""
    return [name for part in re.split(r"[,\n]", text) if (name := part.strip())]
