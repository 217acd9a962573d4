"""The pack's command line: `python -m shared_world train ...` and `python -m shared_world pocket ...`."""

import sys
from importlib.util import find_spec

USAGE = """usage: python -m shared_world COMMAND ...

  train    train ShareVerse or the pocket autoencoder
  pocket   make towns, pictures and data sets with the simulator

'python -m shared_world COMMAND --help' says more."""

NEEDED_TO_TRAIN = {"accelerate": "accelerate", "av": "av", "yaml": "pyyaml"}


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    command, *rest = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if command == "train":
        missing = [package for module, package in NEEDED_TO_TRAIN.items() if find_spec(module) is None]
        if missing:
            sys.stderr.write(f"Training needs {' and '.join(missing)}: pip install {' '.join(missing)}\n")
            return 1
        from .training.cli import main as train

        return train(rest)
    if command == "pocket":
        from .pocket.__main__ import main as pocket

        return pocket(rest)
    asked = command in ("-h", "--help")
    (sys.stdout if asked else sys.stderr).write(f"{USAGE}\n")
    return 0 if asked else 2


if __name__ == "__main__":
    sys.exit(main())
