"""What a run reports: lines on the console, a JSONL file, and tensorboard where it is installed."""

import json
import logging
import math
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from ..world.formats.files import write_file

logger = logging.getLogger(__name__)

LOG_NAME = "log.jsonl"


class RunLog:
    """Writes numbers of the main process; other processes write nothing.

    Args:
        folder: of the run.
        active: whether this is the main process.
        step: steps done so far; lines of later steps, which an interrupted run has left, are removed.
    """

    def __init__(self, folder: Path, active: bool, step: int) -> None:
        self.path = folder / LOG_NAME
        self.active = active
        self.board = None
        if not active:
            return
        folder.mkdir(parents=True, exist_ok=True)
        if self.path.exists():
            _keep_until(self.path, step)
        if find_spec("tensorboard") is not None:
            from torch.utils.tensorboard import SummaryWriter

            self.board = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1)

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Report the numbers of a step."""
        if not self.active:
            return
        shown = "  ".join(f"{name} {value:.5g}" for name, value in values.items())
        logger.info("step %d  %s", step, shown)
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"step": step, **values}) + "\n")
        if self.board is not None:
            for name, value in values.items():
                self.board.add_scalar(name, value, step)

    def close(self) -> None:
        if self.board is not None:
            self.board.close()


def _keep_until(path: Path, step: int) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = "".join(f"{line}\n" for line in lines if _step_of(line) <= step)
    write_file(path, kept.encode())


def _step_of(line: str) -> float:
    """The step of a line; a line that was cut off belongs to no step that is kept."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return math.inf
