"""A run over many videos: who unrolls which, what is written, and what failed."""

import hashlib
import json
import platform
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from ..world.formats.files import write_file
from .data_set import UnrolledDataSet
from .graph import Template
from .job import Job, Outcome, Worker
from .server import Stopped
from .videos import Video

FAILED_FILE = "failed.json"
UPLOADS = "shared_world_unroll"
"""Folder below the servers' input and temp folders, where a worker has one place that each video replaces."""


@dataclass
class Summary:
    """What became of the videos of a run.

    Attributes:
        there: names of those that the data set had already.
        made: names of those that were added to it.
        failed: why each of the others failed, by its name.
        left: names of those that were not tried, because no server was left or too many failed.
        lost: why each server that is no longer asked failed.
    """

    there: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def text(self) -> str:
        """A line or more for the user."""
        counts = [(self.made, "new"), (self.there, "there already"), (self.failed, "failed"), (self.left, "not tried")]
        parts = [f"{len(videos)} {words}" for videos, words in counts if videos]
        lines = [f"{', '.join(parts) or 'nothing to do'}."]
        lines += [f"  {name}: {problem}" for name, problem in sorted(self.failed.items())]
        return "\n".join(lines + [f"  {problem}" for problem in self.lost])


@dataclass(frozen=True)
class Run:
    """Videos, where their clips go, and who makes them.

    Attributes:
        template: graph for one video.
        data_set: to which clips are added.
        workers: each unrolls one video at a time.
        stop: set to let the workers end.
        max_failed: the run ends when more videos failed; None for no limit.
        timeout: seconds for one video; 0 for no limit.
    """

    template: Template
    data_set: UnrolledDataSet
    workers: Sequence[Worker]
    stop: threading.Event
    max_failed: int | None = None
    timeout: float = 0.0

    def unroll(self, videos: Sequence[Video], report: Callable[[str, str], None] = lambda name, words: None) -> Summary:
        """Unroll those videos that the data set does not have.

        Args:
            videos: all of them.
            report: called with a video's name and what became of it.

        Raises:
            OSError: if a clip cannot be written; those before it are kept.
        """
        summary = Summary(there=[video.name for video in videos if video.name in self.data_set.videos])
        pending = deque(video for video in videos if video.name not in self.data_set.videos)
        idle = deque(range(len(self.workers)))
        running: dict[Future[Outcome], tuple[int, Video]] = {}
        again: set[str] = set()
        with ThreadPoolExecutor(len(self.workers)) as pool:
            try:
                while running or (pending and idle):
                    while pending and idle:
                        number, video = idle.popleft(), pending.popleft()
                        running[pool.submit(self._attempt, number, video)] = number, video
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        number, video = running.pop(future)
                        outcome = future.result()
                        if outcome.blame != "server":
                            idle.append(number)
                        else:
                            summary.lost.append(outcome.problem)
                        if outcome.blame == "server" and video.name not in again:  # it may be either's fault
                            again.add(video.name)
                            pending.appendleft(video)
                            report(video.name, f"not done: {outcome.problem}")
                        else:
                            self._settle(video, outcome, summary, report)
                    if self.max_failed is not None and len(summary.failed) > self.max_failed:
                        summary.left += [video.name for video in pending]
                        pending.clear()
            except BaseException:
                self.stop.set()
                self._write_failed(summary)
                raise
        summary.left += [video.name for video in pending]
        self._write_failed(summary)
        return summary

    def _attempt(self, number: int, video: Video) -> Outcome:
        """Unroll a video on one of the workers."""
        place = f"{UPLOADS}/{self._digest()}_{number}"
        name = f"{place}/video{video.path.suffix}"
        names = {ending: f"{place}/video{ending}" for ending in self.template.endings}
        try:
            files = {name: video.path.read_bytes()}
            files |= {names[ending]: video.beside(ending).read_bytes() for ending in names}
        except OSError as error:
            return Outcome({}, f"{error.filename}: {error.strerror}", "video")
        graph = self.template.filled(name, names, place)
        try:
            return self.workers[number](Job(files, graph, self.template.saver, self.timeout))
        except Stopped:
            return Outcome({}, "the run was ended", "video")

    def _digest(self) -> str:
        """Of this machine and data set, so that runs that share a server do not share files on it."""
        return hashlib.sha256(f"{platform.node()} {self.data_set.folder.resolve()}".encode()).hexdigest()[:12]

    def _settle(self, video: Video, outcome: Outcome, summary: Summary, report: Callable[[str, str], None]) -> None:
        problem = outcome.problem
        if not problem:
            try:
                clip = self.data_set.add(video.name, outcome.files)
            except ValueError as error:
                problem = str(error)
        if problem:
            summary.failed[video.name] = problem
            report(video.name, f"failed: {problem}")
            return
        summary.made.append(video.name)
        frames, subjects = clip.world.agents.frame_count, len(clip.world.names)
        report(video.name, f"frames {frames}, subjects {subjects}, warnings {len(clip.world.warnings)}")

    def _write_failed(self, summary: Summary) -> None:
        text = json.dumps(summary.failed, indent=1, sort_keys=True) + "\n"
        write_file(self.data_set.folder / FAILED_FILE, text.encode())
