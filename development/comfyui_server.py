"""A real ComfyUI, headless on loopback, as a context manager: for the demo, tests and benchmarks."""

from __future__ import annotations

import json
import os
import re
import socket
import struct
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import websocket

from .locations import EXTRA_MODEL_PATHS, PACK_NAME, ROOT, comfyui_folder, comfyui_python, has_nvidia_gpu

Graph = Mapping[str, Mapping[str, Any]]
"""A graph in API format: node id to class_type and inputs."""
Outputs = dict[str, dict[str, Any]]
"""Node id to what it showed, e.g. {"9": {"images": [{"filename": ..., "subfolder": ..., "type": "output"}]}}."""

START_SECONDS = 180
LOOPBACK = "127.0.0.1"
PREVIEW_IMAGE = 1
MODEL_KINDS = ("diffusion_models", "geometry_estimation", "vae")
"""Kinds of models that nodes save, and tests add to a running server."""
# A proxy in the environment must not get between two processes of one machine.
_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


class ServerFailed(Exception):
    """ComfyUI did not start, died, or could not import the pack; the message ends with the tail of its log."""


class GraphRefused(Exception):
    """ComfyUI refused a graph before running it.

    Attributes: node_errors, as ComfyUI gives them: node id to class_type and a list of errors.
    """

    def __init__(self, reason: str, node_errors: dict[str, Any]) -> None:
        self.node_errors = node_errors
        details = [
            f"node {node} ({entry['class_type']}): {error['message']} {error['details']}".rstrip()
            for node, entry in node_errors.items()
            for error in entry["errors"]
        ]
        super().__init__("; ".join(details) or reason)


class GraphFailed(Exception):
    """A node raised. Attributes: node (its id), node_type, message, kind (the exception's class name), traceback."""

    def __init__(self, event: Mapping[str, Any]) -> None:
        self.node = str(event["node_id"])
        self.node_type = str(event["node_type"])
        self.message = str(event["exception_message"]).strip()
        self.kind = str(event["exception_type"])
        self.traceback = "".join(event["traceback"])
        super().__init__(f"node {self.node} ({self.node_type}): {self.message}")


class GraphInterrupted(Exception):
    """The run was interrupted."""


@dataclass(frozen=True)
class Progress:
    """How far a run is: `finished` of `total` nodes are done, and `value` of `maximum` steps of the node at work."""

    node: str
    finished: int
    total: int
    value: float = 0.0
    maximum: float = 1.0


@dataclass
class ComfyServer:
    """A ComfyUI with the pack and no other custom node, whose files all lie in one folder.

    Entering starts it and waits until it answers; leaving stops it. Raises ServerFailed when it cannot start or cannot
    import the pack.

    Attributes:
        folder: Made if need be; gets `input`, `output`, `temp`, `user`, `server.log` and `models` (for what
            nodes save).
        comfyui: The ComfyUI tree to run.
        models: Folders laid out like ComfyUI's models folder; their subfolders at the time of the start are searched.
        output: Instead of `folder/output`.
        preview_method: As for ComfyUI's --preview-method, e.g. "latent2rgb".
        arguments: Further arguments for ComfyUI's command line.
        environment: Variables that the process gets beside its parent's.
    """

    folder: Path
    comfyui: Path = field(default_factory=comfyui_folder)
    models: Sequence[Path] = ()
    output: Path | None = None
    preview_method: str | None = None
    arguments: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder = self.folder.resolve()
        self.input = self.folder / "input"
        self.diffusion_models = self.folder / "models" / "diffusion_models"
        self.output = (self.output or self.folder / "output").resolve()
        self.log_file = self.folder / "server.log"
        self.port = 0

    def __enter__(self) -> ComfyServer:
        self._make_folders()
        self.port = _free_port()
        environment = {**os.environ, **self.environment}
        if not self.comfyui.is_relative_to(ROOT):
            environment["PYTHONDONTWRITEBYTECODE"] = "1"  # somebody else's ComfyUI is not written to
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                self._command(), cwd=self.comfyui, env=environment, stdout=log, stderr=subprocess.STDOUT
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process, at once if it does not go within ten seconds."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @property
    def url(self) -> str:
        """Address of the page and the HTTP interface, without a slash at the end."""
        return f"http://{LOOPBACK}:{self.port}"

    def log(self) -> str:
        """Return what the server has printed, without colours."""
        return re.sub("\x1b\\[[0-9;]*m", "", self.log_file.read_text(errors="replace"))

    def object_info(self) -> dict[str, Any]:
        """Return every node's description by node id."""
        return self.get("/object_info")

    def queue(self, graph: Graph, client_id: str | None = None) -> str:
        """Queue a graph and return its prompt id; raises GraphRefused if any part of it is refused."""
        payload = {"prompt": graph, **({"client_id": client_id} if client_id else {})}
        try:
            answer = self.post("/prompt", payload)
        except urllib.error.HTTPError as error:
            if error.code != 400:
                raise
            refusal = json.load(error)
            raise GraphRefused(refusal["error"]["message"], refusal["node_errors"]) from None
        prompt_id = str(answer["prompt_id"])
        if answer.get("node_errors"):  # ComfyUI would run the outputs that are sound and drop the others
            self.post("/queue", {"delete": [prompt_id]})
            self.interrupt()
            raise GraphRefused("a part of the graph is not valid", answer["node_errors"])
        return prompt_id

    def run(
        self,
        graph: Graph,
        on_progress: Callable[[Progress], None] | None = None,
        on_preview: Callable[[bytes], None] | None = None,
        timeout: float = 600,
    ) -> Outputs:
        """Run a graph to its end and return what its nodes showed.

        Args:
            graph: In API format.
            on_progress: Called when a node starts and at every step it reports; may call `interrupt`.
            on_preview: Called with every preview picture, a JPEG or PNG file's bytes.
            timeout: In seconds, for the whole run.

        Raises GraphRefused, GraphFailed, GraphInterrupted, ServerFailed, TimeoutError (the run is interrupted then).
        """
        client_id = uuid.uuid4().hex
        with closing(self._connect(client_id)) as connection:
            prompt_id = self.queue(graph, client_id)
            run = _Run(prompt_id, len(graph), on_progress, on_preview)
            deadline = time.monotonic() + timeout
            while not run.ended:
                if time.monotonic() > deadline:
                    self.interrupt()
                    raise TimeoutError(f"The graph ran longer than {timeout:g} s; it was at node {run.node}.")
                connection.settimeout(min(5.0, timeout))
                try:
                    message = connection.recv()
                except websocket.WebSocketTimeoutException:
                    continue
                except (websocket.WebSocketConnectionClosedException, ConnectionError):
                    message = ""
                if not message:
                    raise self._gone()
                run.receive(message)
        if run.failure is not None:
            raise run.failure
        return self.history(prompt_id)["outputs"]

    def interrupt(self) -> None:
        """Stop what runs now, at its next step."""
        self.post("/interrupt", {})

    def history(self, prompt_id: str) -> dict[str, Any]:
        """Return the record of a finished run: `outputs`, `status`, `prompt`. Raises KeyError before its end."""
        return self.get(f"/history/{prompt_id}")[prompt_id]

    def view(self, entry: Mapping[str, str]) -> bytes:
        """Return the bytes of a file that a node showed: an entry with filename, subfolder and type."""
        query = urllib.parse.urlencode({key: entry.get(key, "") for key in ("filename", "subfolder", "type")})
        return self._request(f"/view?{query}")

    def resident_memory(self) -> int:
        """Return the process's resident memory in bytes (Linux only)."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise self._gone()

    def get(self, path: str) -> Any:
        """Return the JSON that a GET of a path gives."""
        return json.loads(self._request(path))

    def post(self, path: str, payload: Mapping[str, Any]) -> Any:
        """Return the JSON, or None for an empty answer, that a POST of JSON gives."""
        content = self._request(path, json.dumps(payload).encode())
        return json.loads(content) if content else None

    def _connect(self, client_id: str) -> websocket.WebSocket:
        address = f"ws://{LOOPBACK}:{self.port}/ws?clientId={client_id}"
        try:
            return websocket.create_connection(address, timeout=30, http_no_proxy=[LOOPBACK])
        except ConnectionError:
            raise self._gone() from None

    def _request(self, path: str, content: bytes | None = None) -> bytes:
        request = urllib.request.Request(self.url + path, content, {"Content-Type": "application/json"})
        try:
            with _open(request, timeout=60) as response:
                return response.read()
        except urllib.error.HTTPError:
            raise
        except (urllib.error.URLError, ConnectionError):
            raise self._gone() from None

    def _gone(self) -> ServerFailed:
        return ServerFailed(f"ComfyUI is gone.\n{self._log_tail()}")

    def _make_folders(self) -> None:
        settings = self.folder / "user" / "default" / "comfy.settings.json"
        models = [self.diffusion_models.with_name(kind) for kind in MODEL_KINDS]
        for folder in (self.input, self.output, *models, settings.parent):
            folder.mkdir(parents=True, exist_ok=True)
        if not settings.exists():  # without it the page opens its template browser over the graph
            settings.write_text(json.dumps({"Comfy.TutorialCompleted": True}))

    def _command(self) -> list[str]:
        # JSON is YAML. ComfyUI takes one base path per entry, so each models folder is an entry.
        search = {
            f"models_{index}": {"base_path": str(folder.resolve())}
            | {part.name: part.name for part in folder.iterdir() if part.is_dir()}
            for index, folder in enumerate(self.models)
        }
        # Nodes save in the default folder, which would otherwise be one of the ComfyUI tree.
        kinds = {kind: kind for kind in MODEL_KINDS}
        search["own"] = {"base_path": str(self.diffusion_models.parent), "is_default": True, **kinds}
        models_file = self.folder / "models.yaml"
        models_file.write_text(json.dumps(search))
        return [
            *(str(comfyui_python()), "-u", str(self.comfyui / "main.py")),
            *([] if has_nvidia_gpu() else ["--cpu"]),
            *("--listen", LOOPBACK, "--port", str(self.port)),
            *("--disable-api-nodes", "--database-url", "sqlite:///:memory:"),
            *("--disable-all-custom-nodes", "--whitelist-custom-nodes", PACK_NAME),
            *("--extra-model-paths-config", str(EXTRA_MODEL_PATHS), str(models_file)),
            *("--input-directory", str(self.input), "--output-directory", str(self.output)),
            *("--temp-directory", str(self.folder), "--user-directory", str(self.folder / "user")),
            *(["--preview-method", self.preview_method] if self.preview_method else []),
            *self.arguments,
        ]

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.process.poll() is not None:
                raise ServerFailed(f"ComfyUI ended with status {self.process.returncode}.\n{self._log_tail()}")
            if time.monotonic() > deadline:
                raise ServerFailed(f"ComfyUI did not answer within {START_SECONDS} s.\n{self._log_tail()}")
            time.sleep(0.1)
        failed = [line for line in self.log().splitlines() if "IMPORT FAILED" in line and PACK_NAME in line]
        if failed:
            raise ServerFailed(f"ComfyUI could not import the pack.\n{self._log_tail()}")

    def _answers(self) -> bool:
        try:
            self.get("/system_stats")
        except (ServerFailed, TimeoutError):
            return False
        return True

    def _log_tail(self, lines: int = 40) -> str:
        return "\n".join(self.log().splitlines()[-lines:])


class _Run:
    """Follows one prompt through the messages of a websocket."""

    def __init__(
        self,
        prompt_id: str,
        total: int,
        on_progress: Callable[[Progress], None] | None,
        on_preview: Callable[[bytes], None] | None,
    ) -> None:
        self.prompt_id = prompt_id
        self.total = total
        self.on_progress = on_progress
        self.on_preview = on_preview
        self.begun: set[str] = set()
        self.node = ""
        self.ended = False
        self.failure: Exception | None = None

    def receive(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            # Two numbers, the kind of message and the kind of picture, precede the picture's file.
            if self.on_preview is not None and struct.unpack(">I", message[:4])[0] == PREVIEW_IMAGE:
                self.on_preview(message[8:])
            return
        event = json.loads(message)
        kind, data = event["type"], event["data"]
        if data.get("prompt_id") != self.prompt_id:
            return
        if kind == "execution_cached":
            self.begun.update(data["nodes"])
        elif kind == "executing":
            self._node_starts(data["node"])
        elif kind == "progress":
            self._report(data["value"], data["max"])
        elif kind == "execution_error":
            self.failure = GraphFailed(data)
        elif kind == "execution_interrupted":
            self.failure = GraphInterrupted(f"Interrupted at node {data['node_id']} ({data['node_type']}).")

    def _node_starts(self, node: str | None) -> None:
        if node is None:  # sent last, after the history is written
            self.ended = True
            return
        self.begun.add(node)
        self.node = node
        self._report(0.0, 1.0)

    def _report(self, value: float, maximum: float) -> None:
        if self.on_progress is not None:
            self.on_progress(Progress(self.node, len(self.begun) - 1, self.total, value, maximum))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
