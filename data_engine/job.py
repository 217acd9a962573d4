"""Unrolling one video on one server: the same function for this process, its threads and Ray."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.error import HTTPError

from .graph import Graph
from .server import GraphRefused, Pause, Server, ServerLost, VideoFailed


@dataclass(frozen=True)
class Job:
    """One video on its way to a server.

    Attributes:
        uploads: contents of files by their paths in the server's input folder.
        graph: that reads them.
        saver: id of its node that saves the result.
        timeout: seconds; 0 for no limit.
    """

    uploads: Mapping[str, bytes]
    graph: Graph
    saver: str
    timeout: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """What became of a video.

    Attributes:
        files: contents of the clip's files by their names; empty if it failed.
        problem: why it failed.
        blame: on what. A refused graph is no video's fault, and another server may take it.
    """

    files: Mapping[str, bytes]
    problem: str = ""
    blame: Literal["", "video", "server"] = ""


Worker = Callable[[Job], Outcome]
"""Unrolls a video where it likes; only `Stopped` leaves it as an exception."""


def unroll_on(server: Server, job: Job, pause: Pause) -> Outcome:
    """Unroll a video on a server and fetch the clip."""
    try:
        for path, content in job.uploads.items():
            server.upload(path, content)
        outputs = server.run(job.graph, pause, job.timeout)
        return Outcome({entry["filename"]: server.fetch(entry) for entry in outputs[job.saver]["files"]})
    except VideoFailed as failed:
        return Outcome({}, str(failed), "video")
    except (ServerLost, GraphRefused) as lost:
        return Outcome({}, str(lost), "server")
    except (HTTPError, LookupError, TypeError, ValueError) as odd:
        return Outcome({}, f"{server.url} does not answer as a ComfyUI with this pack does ({odd!r})", "server")
