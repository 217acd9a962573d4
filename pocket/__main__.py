"""Command line of Pocket Town."""

import argparse
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from ..world import encounters
from .car_shape import CAR_COLOURS
from .dataset import DataSet, make_data_set
from .examples import write_examples
from .recipe import ClipOptions
from .road_layouts import LAYOUTS
from .splits import SPLITS
from .weather import WEATHERS

EXAMPLES_FOLDER = Path(__file__).resolve().parent.parent / "workflows" / "inputs"
OWN_FOG = "own"


def _examples(arguments: argparse.Namespace) -> None:
    arguments.out.mkdir(parents=True, exist_ok=True)
    for path in write_examples(arguments.out):
        sys.stdout.write(f"{path}\n")


def _fog(text: str) -> float | None:
    return None if text == OWN_FOG else float(text)


@contextmanager
def _late_meetings_unreported() -> Iterator[None]:
    """Clips in which the cars meet after the last frame are wanted too."""
    level = encounters.logger.level
    encounters.logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        encounters.logger.setLevel(level)


def _make(arguments: argparse.Namespace) -> None:
    names = (
        "layout",
        "frames",
        "frame_rate",
        "height",
        "width",
        "samples",
        "presets",
        "weathers",
        "fog",
        "travel",
        "colours",
        "draw_colours",
        "front_only",
    )
    options = ClipOptions(**{name: getattr(arguments, name) for name in names})
    data_set = DataSet(
        arguments.out, arguments.split, options, arguments.clips_per_town, not arguments.without_ground_truth
    )
    with _late_meetings_unreported(), tqdm(total=arguments.clips, unit="clip", file=sys.stderr) as bar:

        def show(done: int) -> None:
            if not bar.n:  # clips that were there already do not count for the speed
                bar.initial = done
            bar.update(done - bar.n)

        made = make_data_set(data_set, arguments.clips, arguments.processes, show)
    sys.stdout.write(f"{arguments.out}: {arguments.clips} clips, {made} of them new.\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m shared_world.pocket", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    formatter = argparse.ArgumentDefaultsHelpFormatter
    examples = commands.add_parser(
        "examples", help="write the pictures and paths that the example graphs load", formatter_class=formatter
    )
    examples.add_argument("--out", type=Path, default=EXAMPLES_FOLDER, help="folder")
    examples.set_defaults(run=_examples)
    make = commands.add_parser(
        "make", help="make a data set; run it again to go on or to add clips", formatter_class=formatter
    )
    make.add_argument("--out", type=Path, required=True, help="folder of the data set")
    make.add_argument("--split", choices=SPLITS, default="train", help="which towns")
    make.add_argument("--clips", type=int, required=True, help="number of clips that the data set shall have")
    make.add_argument("--processes", type=int, default=1, help="processes that render, each on one core")
    make.add_argument("--clips-per-town", type=int, default=1, help="clips in one town before the next")
    make.add_argument("--without-ground-truth", action="store_true", help="leave out depth and instances")
    _add_clip_options(make)
    make.set_defaults(run=_make)
    return parser


def _add_clip_options(parser: argparse.ArgumentParser) -> None:
    default = ClipOptions()
    parser.add_argument("--layout", choices=LAYOUTS, default=default.layout, help="roads of the towns")
    parser.add_argument("--frames", type=int, default=default.frames, help="frames of a clip")
    parser.add_argument("--frame-rate", type=float, default=default.frame_rate, help="frames per second")
    parser.add_argument("--height", type=int, default=default.height, help="of a view in pixels")
    parser.add_argument("--width", type=int, default=default.width, help="of a view in pixels")
    parser.add_argument("--samples", type=int, default=default.samples, help="rays per pixel")
    parser.add_argument(
        "--presets", nargs="+", choices=encounters.ENCOUNTERS, default=default.presets, help="encounters"
    )
    parser.add_argument("--weathers", nargs="+", choices=WEATHERS, default=default.weathers, help="weathers")
    parser.add_argument(
        "--fog", nargs="+", type=_fog, default=default.fog, help=f"metres to choose from; '{OWN_FOG}' for the weather's"
    )
    parser.add_argument(
        "--travel", nargs="+", type=float, default=default.travel, help="metres of a way: one, or least and most"
    )
    parser.add_argument("--colours", nargs="+", choices=CAR_COLOURS, default=default.colours, help="of the cars")
    parser.add_argument("--draw-colours", action="store_true", help="each clip draws different colours for its cars")
    parser.add_argument("--front-only", action="store_true", help="cars have the front view alone")


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    logging.basicConfig(format="%(levelname)s: %(message)s")
    parsed = _parser().parse_args(arguments)
    try:
        parsed.run(parsed)
    except (ValueError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("stopped; run the same command again to go on\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
