"""Which towns are for training, validation and test: ranges of seeds that do not overlap."""

SPLITS = {
    "test": range(100_000),
    "validation": range(100_000, 200_000),
    "train": range(1_000_000, 1_000_000_000),
}
"""Seeds of towns by split."""


def find_split(split: str) -> range:
    """The seeds of a split. Raises ValueError that lists the known ones."""
    if split not in SPLITS:
        raise ValueError(f"There is no split '{split}'; choose one of {', '.join(SPLITS)}.")
    return SPLITS[split]


def town_seed(split: str, number: int) -> int:
    """Seed of the town with this number in a split.

    Raises:
        ValueError: if the split is unknown or has fewer towns.
    """
    seeds = find_split(split)
    if not 0 <= number < len(seeds):
        raise ValueError(f"The split '{split}' has the towns 0 to {len(seeds) - 1}, given {number}.")
    return seeds[number]
