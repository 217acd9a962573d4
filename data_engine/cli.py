"""`python -m shared_world unroll VIDEO ... --out FOLDER`."""

import argparse
import logging
import signal
import sys
import threading
from functools import partial
from pathlib import Path

from .data_set import UnrolledDataSet
from .graph import DEFAULT_GRAPH, read_template
from .job import Job, Outcome, Worker, unroll_on
from .run import FAILED_FILE, Run, Summary
from .server import Server, Stopped
from .videos import find_videos

DEFAULT_SERVER = "http://127.0.0.1:8188"
INTERRUPTED = 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m shared_world unroll",
        description="Unrolls egocentric videos on running ComfyUI servers, into a data set that training reads. Run it "
        "again to go on, to try failed videos again, or to add videos.",
    )
    parser.add_argument("videos", nargs="+", type=Path, metavar="VIDEO", help="video files, or folders of them")
    parser.add_argument("--out", type=Path, required=True, help="folder of the data set")
    parser.add_argument(
        "--server",
        action="append",
        metavar="URL",
        help=f"a ComfyUI with this pack; several times for several (default: {DEFAULT_SERVER})",
    )
    parser.add_argument("--graph", type=Path, default=DEFAULT_GRAPH, help="graph in API format for one video")
    parser.add_argument(
        "--set", action="append", default=[], metavar="TITLE.INPUT=VALUE", help="change a value of the graph"
    )
    parser.add_argument("--timeout", type=float, default=0.0, help="seconds for one video; 0 for no limit")
    parser.add_argument("--max-failed", type=int, help="end with status 1 once more failed; default: if all failed")
    parser.add_argument("--ray", action="store_true", help="use all machines of a Ray cluster, each with its servers")
    parser.add_argument("--ray-address", help="of the cluster, where Ray does not find it by itself")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit status is 1 if all videos failed, or too many, or it could not begin."""
    logging.basicConfig(format="%(levelname)s: %(message)s")
    parsed = _parser().parse_args(arguments)
    stop = threading.Event()
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        summary = _unroll(parsed, stop)
    except (ValueError, OSError, ImportError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("stopped; run the same command again to go on\n")
        return INTERRUPTED
    finally:
        signal.signal(signal.SIGTERM, previous)
    sys.stdout.write(f"{parsed.out}: {summary.text()}\n")
    if summary.failed:
        sys.stdout.write(f"The failures are in {parsed.out / FAILED_FILE}; run the command again to try them again.\n")
    return status(summary, parsed.max_failed)


def status(summary: Summary, max_failed: int | None) -> int:
    """The exit status of a run."""
    if max_failed is not None and len(summary.failed) > max_failed:
        return 1
    return int(bool(summary.left) or (bool(summary.failed) and not summary.made + summary.there))


def _unroll(parsed: argparse.Namespace, stop: threading.Event) -> Summary:
    template = read_template(parsed.graph, parsed.set)
    videos = find_videos(parsed.videos, template.endings)
    workers = _workers(parsed, stop)
    data_set = UnrolledDataSet(parsed.out, template)

    def report(name: str, words: str) -> None:
        sys.stderr.write(f"{name}: {words}\n")

    return Run(template, data_set, workers, stop, parsed.max_failed, parsed.timeout).unroll(videos, report)


def _workers(parsed: argparse.Namespace, stop: threading.Event) -> list[Worker]:
    servers = [Server(url) for url in dict.fromkeys(parsed.server or [DEFAULT_SERVER])]
    if parsed.ray:
        from .ray_workers import ray_workers

        return ray_workers(servers, stop, parsed.ray_address)

    def pause(seconds: float) -> None:
        if stop.wait(seconds):
            raise Stopped

    def unroll(server: Server, job: Job) -> Outcome:
        return unroll_on(server, job, pause)

    return [partial(unroll, server) for server in servers]
