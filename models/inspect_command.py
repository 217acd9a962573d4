"""`python -m shared_world inspect FILE ...`."""

import argparse
import sys
from pathlib import Path

from .inspection import inspect_checkpoint


def main(arguments: list[str] | None = None) -> int:
    """Inspect checkpoints; the exit status is 1 if one of them has a problem."""
    parser = argparse.ArgumentParser(
        prog="python -m shared_world inspect",
        description="Says what checkpoints hold, by their headers alone, and whether the pack can load them.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a .safetensors file, or one of its shards")
    inspections = [inspect_checkpoint(path) for path in parser.parse_args(arguments).files]
    sys.stdout.write("\n\n".join(inspection.text() for inspection in inspections) + "\n")
    return int(any(inspection.problems for inspection in inspections))
