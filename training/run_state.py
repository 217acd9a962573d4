"""Checkpoints of a run, from which it goes on: `checkpoints/step-00001000/` in the run's folder.

A folder with that name is complete: it is written under another name first.
"""

import json
import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelerate import Accelerator
from accelerate.utils import DistributedType

from ..world.formats.files import write_file
from .averaging import AveragedWeights
from .settings_files import WINDOWS, differences

logger = logging.getLogger(__name__)

STATE_NAME = "run.json"


@dataclass
class Progress:
    """How far a run is.

    Attributes:
        step: optimiser steps done.
        seconds: time spent in the loop, over all starts of the run.
    """

    step: int = 0
    seconds: float = 0.0

    @property
    def hours(self) -> float:
        return self.seconds / 3600


class RunState:
    """Saves and restores a run.

    Args:
        folder: of the run.
        settings: plain values of the configuration, compared when a run goes on.
        accelerator: with network and optimiser prepared.
        average: the averaged weights.
    """

    def __init__(
        self, folder: Path, settings: Mapping[str, Any], accelerator: Accelerator, average: AveragedWeights
    ) -> None:
        self.folder = folder / "checkpoints"
        self.settings = json.loads(json.dumps(settings))
        self.accelerator = accelerator
        self.average = average

    def _average_path(self, checkpoint: Path) -> Path:
        sharded = self.accelerator.distributed_type == DistributedType.FSDP
        return checkpoint / f"average-{self.accelerator.process_index if sharded else 0}.safetensors"

    def save(self, progress: Progress, keep: int) -> None:
        """Write a checkpoint and delete all but the `keep` newest."""
        name = f"step-{progress.step:08d}"
        partial, complete = self.folder / f".{name}.partial", self.folder / name
        if (complete / STATE_NAME).is_file():
            return  # the run went on from it, and there was nothing left to do
        if self.accelerator.is_main_process:
            for left in self.folder.glob(".step-*.partial"):
                shutil.rmtree(left, ignore_errors=True)
            partial.mkdir(parents=True)
        self.accelerator.wait_for_everyone()
        self.accelerator.save_state(str(partial))
        average = self._average_path(partial)
        if self.accelerator.is_main_process or average.name != "average-0.safetensors":
            self.average.save(average)
        self.accelerator.wait_for_everyone()
        if not self.accelerator.is_main_process:
            return
        state = {"step": progress.step, "seconds": progress.seconds, "settings": self.settings}
        write_file(partial / STATE_NAME, json.dumps(state, indent=1).encode())
        shutil.rmtree(complete, ignore_errors=True)
        partial.rename(complete)
        for old in find_checkpoints(self.folder)[: -max(keep, 1)]:
            shutil.rmtree(old)

    def restore(self) -> Progress:
        """Go on from the newest checkpoint; without one the run starts at step 0.

        Raises:
            ValueError: if the run was started with another configuration, or another number of processes shares a
                sharded network.
        """
        checkpoints = find_checkpoints(self.folder)
        if not checkpoints:
            return Progress()
        newest = checkpoints[-1]
        state = json.loads((newest / STATE_NAME).read_text(encoding="utf-8"))
        changed = differences(state["settings"], self.settings)
        if changed:
            raise ValueError(
                f"{self.folder.parent}: this run was started with another configuration ({'; '.join(changed)}); "
                "choose another output folder, or the old values to go on."
            )
        windows = [values.get(WINDOWS) for values in (state["settings"], self.settings)]
        if windows[0] != windows[1]:
            logger.warning("The data set had %s windows, now it has %s: they come in another order now.", *windows)
        average = self._average_path(newest)
        if not average.is_file():
            raise ValueError(f"{newest}: {average.name} is missing; go on with as many processes as before.")
        self.accelerator.load_state(str(newest))
        self.average.load(average)
        logger.info("Going on from step %d in %s.", state["step"], newest)
        return Progress(state["step"], state["seconds"])


def find_checkpoints(folder: Path) -> list[Path]:
    """Complete checkpoints, oldest first."""
    return sorted(path for path in folder.glob("step-*") if (path / STATE_NAME).is_file())
