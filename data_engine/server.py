"""A running ComfyUI, driven over HTTP with the standard library alone, so that it may run anywhere."""

import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .graph import Graph

Pause = Callable[[float], None]
"""Waits for so many seconds; raises `Stopped` to end the run."""

ANSWER_SECONDS = 60.0
FIRST_POLL, LONGEST_POLL = 0.1, 1.0
HTTP_BAD_REQUEST, HTTP_NOT_FOUND, HTTP_TOO_LARGE = 400, 404, 413

# A proxy in the environment must not get between this machine and its servers.
_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


class ServerLost(Exception):
    """A server does not answer, or no longer knows what it was to do."""


class GraphRefused(Exception):
    """A server refuses the graph itself, whatever the video is."""


class VideoFailed(Exception):
    """A video cannot be unrolled."""


class Stopped(Exception):
    """The run is to end."""


@dataclass(frozen=True)
class Server:
    """A ComfyUI server.

    Attributes:
        url: such as "http://127.0.0.1:8188".
        patience: seconds without an answer, while a graph runs, after which it counts as lost.
    """

    url: str
    patience: float = 60.0

    def upload(self, path: str, content: bytes) -> None:
        """Put a file into the input folder, over an older one of the same path.

        Raises:
            VideoFailed: if it is larger than the server takes.
            ServerLost: if the server does not answer.
        """
        largest = self._json("/features").get("max_upload_size") or len(content)
        if len(content) > largest:  # the server would drop the connection
            raise _too_large(content)
        folder, _, name = path.rpartition("/")
        boundary = uuid.uuid4().hex
        fields = {"subfolder": folder, "type": "input", "overwrite": "true"}
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
            for key, value in fields.items()
        ]
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n'
        parts += [f"{head}Content-Type: application/octet-stream\r\n\r\n".encode(), content]
        parts.append(f"\r\n--{boundary}--\r\n".encode())
        try:
            self._request("/upload/image", b"".join(parts), f"multipart/form-data; boundary={boundary}")
        except urllib.error.HTTPError as error:
            if error.code != HTTP_TOO_LARGE:
                raise ServerLost(f"{self.url} does not take files (HTTP status {error.code})") from error
            raise _too_large(content) from error

    def run(self, graph: Graph, pause: Pause, timeout: float = 0.0) -> dict[str, Any]:
        """Run a graph to its end and return what its nodes showed, by their ids.

        Args:
            graph: in API format.
            pause: called between two looks at the server.
            timeout: seconds; 0 for no limit.

        Raises:
            VideoFailed: if a node fails, the time is over, or somebody interrupts the run.
            GraphRefused: if the graph does not fit the server's nodes and models.
            ServerLost: if the server does not answer, or was started anew meanwhile.
        """
        job = str(uuid.uuid4())
        self._queue(graph, job)
        ended = False
        try:
            self._wait(job, pause, timeout)
            ended = True
        finally:
            if not ended:
                self._cancel(job)
        return self._json(f"/history/{job}")[job]["outputs"]

    def fetch(self, entry: Mapping[str, str]) -> bytes:
        """The content of a file that a node showed: filename, subfolder and type."""
        query = urllib.parse.urlencode({key: entry.get(key, "") for key in ("filename", "subfolder", "type")})
        try:
            return self._request(f"/view?{query}")
        except urllib.error.HTTPError as error:
            raise ServerLost(f"{self.url} does not give back {entry.get('filename')} ({error})") from error

    def _queue(self, graph: Graph, job: str) -> None:
        content = json.dumps({"prompt": graph, "prompt_id": job, "client_id": job}).encode()
        try:
            answer = json.loads(self._request("/prompt", content, "application/json"))
        except urllib.error.HTTPError as error:
            if error.code != HTTP_BAD_REQUEST:
                raise ServerLost(f"{self.url} does not take graphs (HTTP status {error.code})") from error
            refusal = json.load(error)
            raise GraphRefused(
                f"{self.url} refuses the graph: {_reasons(refusal['node_errors']) or refusal['error']['message']}"
            ) from None
        if answer.get("node_errors"):  # ComfyUI would run the outputs that are sound and drop the others
            self._cancel(job)
            raise GraphRefused(f"{self.url} refuses the graph: {_reasons(answer['node_errors'])}")

    def _wait(self, job: str, pause: Pause, timeout: float) -> None:
        start = answered = time.monotonic()
        interval = FIRST_POLL
        while True:
            try:
                state = self._json(f"/api/jobs/{job}")
                answered = time.monotonic()
            except urllib.error.HTTPError as error:
                if error.code != HTTP_NOT_FOUND:
                    raise ServerLost(f"{self.url} answers with HTTP status {error.code}") from error
                raise ServerLost(f"{self.url} was started anew, or its queue was cleared") from error
            except ServerLost:
                if time.monotonic() - answered > self.patience:
                    raise
                state = {"status": "unknown"}
            if state["status"] == "completed":
                return
            if state["status"] == "failed":
                raise VideoFailed(_failure(state.get("execution_error") or {}))
            if state["status"] == "cancelled":
                raise VideoFailed("somebody interrupted its run")
            if timeout and time.monotonic() - start > timeout:
                raise VideoFailed(f"it took longer than {timeout:g} s")
            pause(interval)
            interval = min(1.5 * interval, LONGEST_POLL)

    def _cancel(self, job: str) -> None:
        try:
            self._request(f"/api/jobs/{job}/cancel", b"{}", "application/json")
        except (ServerLost, urllib.error.HTTPError):
            return  # there is nobody left to be told

    def _json(self, path: str) -> dict[str, Any]:
        return json.loads(self._request(path))

    def _request(self, path: str, content: bytes | None = None, kind: str = "") -> bytes:
        headers = {"Content-Type": kind} if kind else {}
        request = urllib.request.Request(self.url.rstrip("/") + path, content, headers)  # noqa: S310
        try:
            with _open(request, timeout=ANSWER_SECONDS) as response:
                return response.read()
        except urllib.error.HTTPError:
            raise
        except (OSError, http.client.HTTPException) as error:
            raise ServerLost(f"{self.url} does not answer ({error})") from error


def _too_large(content: bytes) -> VideoFailed:
    return VideoFailed(
        f"its {len(content) / 2**20:.0f} MiB are more than the server takes; start ComfyUI with a larger "
        "--max-upload-size"
    )


def _reasons(node_errors: Mapping[str, Any]) -> str:
    return "; ".join(
        f"node {node} ({entry['class_type']}): {error['message']} {error['details']}".rstrip()
        for node, entry in node_errors.items()
        for error in entry["errors"]
    )


def _failure(event: Mapping[str, Any]) -> str:
    message = str(event.get("exception_message", "no reason given")).strip()
    return f"node {event.get('node_id')} ({event.get('node_type')}): {message}"
