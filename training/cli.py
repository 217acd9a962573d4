"""Command line of the trainers."""

import argparse
import logging
import math
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from ..models.checkpoints import CheckpointError
from .settings import MetaWorldSettings, ShareVerseSettings, VAESettings
from .settings_files import read_settings

logger = logging.getLogger(__name__)


def _train_shareverse(arguments: argparse.Namespace, changes: list[str], asked_to_stop: Callable[[], bool]) -> None:
    from .shareverse_run import train_shareverse

    settings = read_settings(ShareVerseSettings, arguments.config, changes)
    train_shareverse(settings, arguments.max_hours, asked_to_stop)


def _train_metaworld(arguments: argparse.Namespace, changes: list[str], asked_to_stop: Callable[[], bool]) -> None:
    from .comfyui_modules import use_comfyui

    settings = read_settings(MetaWorldSettings, arguments.config, changes)
    use_comfyui()
    from .metaworld_run import train_metaworld

    train_metaworld(settings, arguments.max_hours, asked_to_stop)


def _train_vae(arguments: argparse.Namespace, changes: list[str], asked_to_stop: Callable[[], bool]) -> None:
    from .vae_run import train_vae

    train_vae(read_settings(VAESettings, arguments.config, changes), arguments.max_hours, asked_to_stop)


PROGRAMS = {
    "shareverse": (_train_shareverse, "train ShareVerse"),
    "metaworld": (_train_metaworld, "train MetaWorld"),
    "vae": (_train_vae, "train the pocket autoencoder"),
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m shared_world train",
        description="Train a network. A run whose output folder holds checkpoints goes on from the newest. "
        "'accelerate launch -m shared_world train ...' trains on several devices.",
    )
    programs = parser.add_subparsers(dest="program", required=True)
    for name, (run, summary) in PROGRAMS.items():
        program = programs.add_parser(name, help=summary, description=summary)
        program.add_argument("config", type=Path, help="YAML file, see training/configs")
        program.add_argument("--output", help="folder of the run instead of the configuration's")
        program.add_argument("--max-hours", type=float, default=math.inf, help="stop and save after so many hours")
        program.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="ENTRY=VALUE",
            dest="changes",
            help="change an entry of the configuration, such as loop.steps=200; may be repeated",
        )
        program.set_defaults(run=run)
    return parser


class _StopRequest:
    """Whether the process was asked to end; a second request ends it at once."""

    def __init__(self) -> None:
        self.made = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        logger.warning("Stopping after this step; again to stop at once without saving.")
        self.made = True
        signal.signal(number, signal.SIG_DFL)

    def __call__(self) -> bool:
        return self.made


def _quieten() -> None:
    """Leave the console to the main process and to what this program says itself."""
    from .loop import process_state

    logging.getLogger("accelerate").setLevel(logging.WARNING)
    if not process_state().is_main_process:
        logging.getLogger().setLevel(logging.ERROR)


def main(arguments: list[str] | None = None) -> int:
    """Run a trainer; returns the exit status."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", datefmt="%H:%M:%S", level=logging.INFO)
    parsed = _parser().parse_args(arguments)
    _quieten()
    changes: list[Any] = list(parsed.changes)
    if parsed.output is not None:
        changes.append(f"output={parsed.output}")
    try:
        parsed.run(parsed, changes, _StopRequest())
    except (CheckpointError, ValueError, OSError, ImportError, FloatingPointError) as error:
        logger.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
