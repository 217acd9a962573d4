"""Command line of the evaluation."""

import argparse
import logging
import sys
from pathlib import Path
from typing import Any

import torch

from ..models.checkpoints import CheckpointError, read_record
from .settings import EvaluationSettings

DESCRIPTION = (
    "Sample test towns with trained networks and measure the result beside controls. The same command again, or one "
    "with more models, keeps what is measured already."
)


def _named_file(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if not equals or not name or not path:
        raise argparse.ArgumentTypeError(f"expected NAME=FILE, given '{text}'")
    return name, Path(path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m shared_world evaluate",
        description=DESCRIPTION,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    required: dict[str, Any] = {"required": True, "default": argparse.SUPPRESS}
    parser.add_argument("--clips", type=Path, help="data set of test towns with ground truth", **required)
    parser.add_argument("--autoencoder", type=Path, help="file of the pocket VAE", **required)
    parser.add_argument(
        "--model",
        type=_named_file,
        action="append",
        dest="models",
        metavar="NAME=FILE",
        help="a trained ShareVerse or MetaWorld and its row in the table; may be repeated",
        **required,
    )
    parser.add_argument("--baseline", help="model that the others are compared with; the first one without it")
    parser.add_argument("--reference", type=Path, help="data set of other towns, for the own-frame oracle's colours")
    parser.add_argument("--out", type=Path, help="folder for results", **required)
    parser.add_argument("--steps", type=int, default=10, help="sampling steps")
    parser.add_argument("--seed", type=int, default=0, help="of the noise")
    parser.add_argument("--guidance", type=float, default=1.0, help="MetaWorld: away from no identities")
    parser.add_argument("--shift", type=float, default=5.0, help="MetaWorld: of the sampling's times")
    parser.add_argument("--batch", type=int, default=8, help="clips that are sampled together")
    parser.add_argument("--limit", type=int, default=0, help="the first so many clips; 0 for all")
    parser.add_argument("--sheets", type=int, default=4, help="contact sheets of the first so many clips")
    parser.add_argument("--videos", type=int, default=0, help="videos of the first so many clips")
    parser.add_argument("--device", help="where the networks run; a GPU without it where there is one")
    return parser


def _is_device(name: str) -> bool:
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError):  # torch without CUDA refuses it with an assertion
        return False
    return True


def _settings(arguments: argparse.Namespace) -> EvaluationSettings:
    names = [name for name, _ in arguments.models]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"The name '{min(twice)}' is given to two models; choose different names.")
    if arguments.device is not None and not _is_device(arguments.device):
        raise ValueError(f"There is no device '{arguments.device}'; choose cpu, or cuda on a machine with such a GPU.")
    device = arguments.device or ("cuda" if torch.cuda.is_available() else "cpu")
    same = (
        "clips",
        "autoencoder",
        "out",
        "reference",
        "steps",
        "seed",
        "guidance",
        "shift",
        "batch",
        "limit",
        "sheets",
        "videos",
    )
    return EvaluationSettings(
        models=dict(arguments.models),
        baseline=arguments.baseline or names[0],
        device=device,
        **{name: getattr(arguments, name) for name in same},
    )


def _evaluate(settings: EvaluationSettings) -> str:
    systems = {name: read_record(path).get("system", "shareverse") for name, path in settings.models.items()}
    if len(set(systems.values())) > 1:
        listed = ", ".join(f"{name} is {system}" for name, system in systems.items())
        raise ValueError(f"All models of an evaluation must be of one system, but {listed}.")
    if "metaworld" in systems.values():
        from ..training.comfyui_modules import use_comfyui

        use_comfyui()
        from .metaworld_run import evaluate_metaworld

        return evaluate_metaworld(settings)
    from .run import evaluate

    return evaluate(settings)


def main(arguments: list[str] | None = None) -> int:
    """Run an evaluation and print its tables; returns the exit status."""
    logging.basicConfig(format="%(levelname)s: %(message)s")
    parsed = _parser().parse_args(arguments)
    try:
        settings = _settings(parsed)
        tables = _evaluate(settings)
    except (CheckpointError, ValueError, OSError, ImportError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("stopped; run the same command again to go on\n")
        return 130
    sys.stdout.write(tables)
    return 0
