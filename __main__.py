"""The pack's command line: `python -m shared_world COMMAND ...`."""

import sys
from importlib.util import find_spec

USAGE = """usage: python -m shared_world COMMAND ...

  train      train ShareVerse, MetaWorld or the pocket autoencoder
  evaluate   measure trained networks on test towns, beside controls
  pocket     make towns, pictures and data sets with the simulator
  unroll     take egocentric videos apart into a data set, on ComfyUI servers
  inspect    say what a checkpoint holds and whether it is complete

'python -m shared_world COMMAND --help' says more."""

NEEDED_TO_TRAIN = {"accelerate": "accelerate", "av": "av", "yaml": "pyyaml"}
NEEDED = {
    "train": ("Training", NEEDED_TO_TRAIN),
    "evaluate": ("Evaluation", NEEDED_TO_TRAIN),
    "unroll": ("Unrolling", {"av": "av"}),
}
"""Command to what it is called and which package a module comes from."""


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    command, *rest = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    purpose, modules = NEEDED.get(command, ("", {}))
    missing = [package for module, package in modules.items() if find_spec(module) is None]
    if missing:
        sys.stderr.write(f"{purpose} needs {' and '.join(missing)}: pip install {' '.join(missing)}\n")
        return 1
    if command == "train":
        from .training.cli import main as train

        return train(rest)
    if command == "evaluate":
        from .evaluation.cli import main as evaluate

        return evaluate(rest)
    if command == "pocket":
        from .pocket.__main__ import main as pocket

        return pocket(rest)
    if command == "unroll":
        from .data_engine.cli import main as unroll

        return unroll(rest)
    if command == "inspect":
        from .models.inspect_command import main as inspect

        return inspect(rest)
    asked = command in ("-h", "--help")
    (sys.stdout if asked else sys.stderr).write(f"{USAGE}\n")
    return 0 if asked else 2


if __name__ == "__main__":
    sys.exit(main())
