"""A server on loopback that answers for files as the Hugging Face hub does."""

from __future__ import annotations

import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"
STEP = 2**20


class LocalHub:
    """Every file of every repository has the same content, of which it states size and SHA-256.

    As on the hub, /OWNER/NAME/resolve/REVISION/PATH redirects to the content, which is at another address and may be
    asked for in ranges.

    Attributes:
        content: what is downloaded.
        etag: the SHA-256 that is stated; may be set to another value.
        size: the size that is stated.
        refuses: an HTTP status for requests of the content, or 0.
        breaks_at: bytes of the content after which the connection is cut, or None. From then on content is refused.
        missing: whether it denies to have any file.
        silent: whether it answers nothing until `go_on` is set.
        stalls_at: bytes of the content after which nothing more comes until `go_on` is set, or None.
        requests: method, path and Range header of every request.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.etag = hashlib.sha256(content).hexdigest()
        self.size = len(content)
        self.refuses = 0
        self.missing = False
        self.silent = False
        self.breaks_at: int | None = None
        self.stalls_at: int | None = None
        self.go_on = threading.Event()
        self.requests: list[tuple[str, str, str | None]] = []

    def __enter__(self) -> LocalHub:
        hub = self

        class Handler(_Handler):
            served = hub

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def ranges(self) -> list[str | None]:
        """The Range headers of the requests for content, in their order."""
        return [asked for method, path, asked in self.requests if method == "GET" and path.startswith("/content/")]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: LocalHub

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        hub = self.served
        hub.requests.append((self.command, self.path, self.headers.get("Range")))
        if hub.silent:
            hub.go_on.wait()
        if hub.missing:
            self._head(404, {"X-Error-Code": "EntryNotFound"})
        elif self.path.startswith("/content/"):
            self._content()
        else:
            stated = {"X-Repo-Commit": COMMIT, "X-Linked-Etag": f'"{hub.etag}"', "X-Linked-Size": str(hub.size)}
            elsewhere = hub.url.replace("127.0.0.1", "localhost")  # the library asks a redirect on the same host itself
            self._head(302, {**stated, "Location": f"{elsewhere}/content{self.path}"})

    def _content(self) -> None:
        hub = self.served
        if hub.refuses:
            self._head(hub.refuses, {})
            return
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        start = int(asked[1]) if asked else 0
        end = len(hub.content)
        length = {"Content-Length": str(end - start)}
        self._head(206, {**length, "Content-Range": f"bytes {start}-{end - 1}/{end}"}) if asked else self._head(
            200, length
        )
        while start < end:
            if hub.breaks_at is not None and start >= hub.breaks_at:
                hub.refuses = 500
                self.close_connection = True
                return
            if hub.stalls_at is not None and start >= hub.stalls_at:
                hub.go_on.wait()
            try:
                self.wfile.write(hub.content[start : start + STEP])
            except OSError:  # who asked has gone
                self.close_connection = True
                return
            start += STEP

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": "0"} | headers).items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""
