"""The pack's command line: `python -m shared_world COMMAND ...`; the commands are train, evaluate, pocket, inspect."""

import sys
from importlib.util import find_spec

USAGE = """usage: python -m shared_world COMMAND ...

  train      train ShareVerse, MetaWorld or the pocket autoencoder
  evaluate   measure trained networks on test towns, beside controls
  pocket     make towns, pictures and data sets with the simulator
  inspect    say what a checkpoint holds and whether it is complete

'python -m shared_world COMMAND --help' says more."""

NEEDED_TO_TRAIN = {"accelerate": "accelerate", "av": "av", "yaml": "pyyaml"}


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    command, *rest = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if command in ("train", "evaluate"):
        missing = [package for module, package in NEEDED_TO_TRAIN.items() if find_spec(module) is None]
        if missing:
            purpose = "Training" if command == "train" else "Evaluation"
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
    if command == "inspect":
        from .models.inspect_command import main as inspect

        return inspect(rest)
    asked = command in ("-h", "--help")
    (sys.stdout if asked else sys.stderr).write(f"{USAGE}\n")
    return 0 if asked else 2


if __name__ == "__main__":
    sys.exit(main())
