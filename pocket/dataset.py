"""Making data sets: clips of many towns, by several processes, so that it can be stopped and gone on with."""

import logging
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from .clip_files import read_document, write_clip
from .index import append_entry, clip_folder, open_data_set, remove_left_overs, repair_index
from .recipe import ClipOptions, Recipe, draw_recipe, render_clip
from .splits import find_split, town_seed

logger = logging.getLogger(__name__)

LISTED = ("town_seed", "layout", "preset", "weather", "fog_distance", "frames")
"""Parts of a recipe that the index repeats."""


@dataclass(frozen=True)
class DataSet:
    """A data set to make.

    Attributes:
        folder: where it lies.
        split: a key of `splits.SPLITS`.
        options: of its clips.
        clips_per_town: clips in one town before the next one.
        ground_truth: whether depth and instances are written.
    """

    folder: Path
    split: str
    options: ClipOptions = field(default_factory=ClipOptions)
    clips_per_town: int = 1
    ground_truth: bool = True

    def __post_init__(self) -> None:
        find_split(self.split)
        if self.clips_per_town < 1:
            raise ValueError(f"A data set needs at least one clip per town, given {self.clips_per_town}.")

    def recipe(self, number: int) -> Recipe:
        """What clip `number` shows."""
        seed = town_seed(self.split, number // self.clips_per_town)
        return draw_recipe(self.options, seed, number % self.clips_per_town)

    def to_dict(self) -> dict[str, Any]:
        """Plain values of everything but the folder."""
        return {
            "split": self.split,
            "clips_per_town": self.clips_per_town,
            "ground_truth": self.ground_truth,
            **self.options.to_dict(),
        }


def make_data_set(
    data_set: DataSet, clips: int, processes: int = 1, progress: Callable[[int], None] = lambda done: None
) -> int:
    """Make the clips 0..clips-1 that are not there yet.

    Args:
        data_set: what to make.
        clips: number of clips that it shall have.
        processes: that render, each on one core; 1 renders in this one.
        progress: called with the number of complete clips, at first and after each clip.

    Returns:
        How many clips were made.

    Raises:
        ValueError: if the folder holds a data set with other options, or an encounter fits into no town.
        OSError: if the disk is full or the folder cannot be written; complete clips stay listed.
    """
    if clips < 1 or processes < 1:
        raise ValueError(f"A data set needs at least one clip and one process, given {clips} and {processes}.")
    town_seed(data_set.split, (clips - 1) // data_set.clips_per_town)
    open_data_set(data_set.folder, data_set.to_dict())
    remove_left_overs(data_set.folder)
    listed = {entry.number for entry in repair_index(data_set.folder)}
    missing = [number for number in range(clips) if number not in listed]
    done = clips - len(missing)
    progress(done)
    for values in _made(data_set, missing, processes):
        append_entry(data_set.folder, values)
        done += 1
        progress(done)
    return len(missing)


def _make_clip(data_set: DataSet, number: int) -> dict[str, Any]:
    """Make one clip if it is not there; returns its line of the index."""
    folder = clip_folder(number)
    path = data_set.folder / folder
    if path.is_dir():
        document = read_document(path)
    else:
        document = write_clip(render_clip(data_set.recipe(number)), path, data_set.ground_truth)
    return {"number": number, "folder": folder, **{name: document["recipe"][name] for name in LISTED}}


def _made(data_set: DataSet, numbers: Sequence[int], processes: int) -> Iterator[dict[str, Any]]:
    if processes == 1 or len(numbers) < 2:
        for number in numbers:
            yield _make_clip(data_set, number)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, initializer=_start_worker) as pool:
        waiting: set[Future[dict[str, Any]]] = set()
        queue = iter(numbers)
        try:
            while True:
                for number in queue:
                    waiting.add(pool.submit(_make_clip, data_set, number))
                    if len(waiting) >= 2 * processes:
                        break
                if not waiting:
                    return
                finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _start_worker() -> None:
    torch.set_num_threads(1)
    logging.getLogger(__package__.rsplit(".", 1)[0]).setLevel(logging.ERROR)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    """End this process when the one that started it was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
