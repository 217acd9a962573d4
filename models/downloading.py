"""Published files from the Hugging Face hub into ComfyUI's folders.

Nothing here runs unless it is called, and the library that talks to the hub is imported only then. Its environment
variables hold as everywhere: HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE.
"""

import hashlib
import io
import logging
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from .published_files import PublishedFile

PARTIAL = ".partial"
"""Ending of unfinished files. ComfyUI lists only endings of models, so that no loader offers them."""
POLL_SECONDS = 0.2
HASHED_BYTES = 2**24
HINTS = {
    401: ", it wants a login: set HF_TOKEN",
    403: ", it wants a login with access to the repository: set HF_TOKEN",
    404: ", it has no such file",
}
"""What the hub means by its refusals."""

Result = TypeVar("Result")
Report = Callable[[int, int], None]
"""Called with bytes done and bytes in all. What it raises ends the download; what has arrived is kept."""


class DownloadError(Exception):
    """A file could not be put into its folder; the message is one sentence that says what to do."""


@dataclass(frozen=True)
class Downloaded:
    """A complete file.

    Attributes:
        path: where it is.
        size: in bytes.
        sha256: the sum that its content was found to have, or None where there was none to compare with.
        transferred: False if it was there before.
    """

    path: Path
    size: int
    sha256: str | None
    transferred: bool


@dataclass(frozen=True)
class RemoteFile:
    """A file as the server describes it: one version of it, at an address that names the version.

    Attributes:
        url: the address.
        size: in bytes.
        version: tells this content from an earlier or later one; letters and digits.
        sha256: None where the server does not state it.
    """

    url: str
    size: int
    version: str
    sha256: str | None


def download(
    file: PublishedFile, folder: Path, report: Report, existing: Path | None = None, endpoint: str | None = None
) -> Downloaded:
    """Put a published file into a folder, or find that a complete one is there.

    A transfer that breaks or is stopped leaves `NAME.VERSION.partial` in the folder, and the next call goes on from
    there. The file gets its name only when it is complete and its SHA-256 is the right one.

    Args:
        file: what to fetch.
        folder: where to put it; made if need be.
        report: hears of the progress of the transfer, then of that of the check.
        existing: a file of that name in any folder that is searched. It is checked and never changed.
        endpoint: the hub's address, instead of HF_ENDPOINT.

    Raises:
        DownloadError: if the hub cannot be reached or has no such file, the disk has too little room, the transfer
            breaks, or the content is not what it should be.
    """
    if existing is not None:
        return _check_existing(file, existing, report, endpoint)
    target = folder.resolve() / file.name
    remote = ask_hub(file, target.parent, report, endpoint)
    if file.sha256 and remote.sha256 and remote.sha256 != file.sha256:
        raise DownloadError(
            f"{file.repository} now offers another {file.path} (SHA-256 {remote.sha256}) than this version of the "
            f"pack knows ({file.sha256}), so nothing was downloaded; look for a newer version of the pack."
        )
    try:
        return _fetch(file, remote, target, report)
    except OSError as error:
        raise DownloadError(f"{file.name} could not be written to {target.parent}: {_reason(error)}.") from error


def ask_hub(file: PublishedFile, folder: Path, report: Report, endpoint: str | None = None) -> RemoteFile:
    """Size, version and SHA-256 of a published file. Transfers none of its content.

    Args:
        file: which.
        folder: where a user could put it by hand, for the message.
        report: is told, as long as the answer takes, that nothing has arrived yet.
        endpoint: the hub's address, instead of HF_ENDPOINT.

    Raises:
        DownloadError: if the hub cannot be reached, refuses, or has no such file.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    url = hf_hub_url(file.repository, file.path, endpoint=endpoint)
    answer = _watched(lambda: get_hf_file_metadata(url), lambda: report(0, file.size))
    if (error := answer.exception()) is not None:
        raise DownloadError(
            f"The server gave no {file.path} of {file.repository} ({_reason(error)}); check the connection, or fetch "
            f"{url} by other means and save it as {file.name} in {folder}."
        ) from error
    found = answer.result()
    etag = re.sub(r"[^0-9A-Za-z]", "", found.etag or "")
    if found.size is None or not etag:
        raise DownloadError(f"The server does not tell size and ETag of {url}, as the hub does; check HF_ENDPOINT.")
    return RemoteFile(
        url=hf_hub_url(file.repository, file.path, revision=found.commit_hash, endpoint=endpoint),
        size=found.size,
        version=etag[:16],
        sha256=etag if re.fullmatch("[0-9a-f]{64}", etag) else None,  # files in git itself have a shorter ETag
    )


def readable(size: float) -> str:
    """A number of bytes as people say it, e.g. "11.20 GB"."""
    return f"{size / 1e9:.2f} GB" if size >= 1e8 else f"{size / 1e6:.2f} MB"


def _check_existing(file: PublishedFile, path: Path, report: Report, endpoint: str | None) -> Downloaded:
    size = path.stat().st_size
    expected = file.sha256
    if expected is None:
        try:
            remote = ask_hub(file, path.parent, report, endpoint)
        except DownloadError as error:
            logging.getLogger(__name__).warning("%s is there and was not compared: %s", path, error)
            return Downloaded(path, size, None, transferred=False)
        expected = remote.sha256
        if size != remote.size:
            raise DownloadError(
                f"{path} has {size} bytes, but {file.path} of {file.repository} has {remote.size}; rename or delete "
                "the file if you want that one."
            )
    if expected is not None and _sha256(path, report) != expected:
        raise DownloadError(
            f"{path} is not the {file.path} of {file.repository}, its SHA-256 is not {expected}; rename or delete "
            "the file if you want that one."
        )
    return Downloaded(path, size, expected, transferred=False)


def _fetch(file: PublishedFile, remote: RemoteFile, target: Path, report: Report) -> Downloaded:
    target.parent.mkdir(parents=True, exist_ok=True)
    with _alone(target):
        partial = target.with_name(f"{file.name}.{remote.version}{PARTIAL}")
        _remove_other_versions(partial, file.name)
        _check_room(file, remote, partial)
        _transfer(file, remote, partial, report)
        expected = file.sha256 or remote.sha256
        if expected is not None and (given := _sha256(partial, report)) != expected:
            partial.unlink()  # nothing that is appended would make it right
            raise DownloadError(
                f"{file.name} arrived with SHA-256 {given} instead of {expected} and was deleted; run the node again, "
                "and if it repeats, something between here and the server changes the file."
            )
        if target.exists():
            raise DownloadError(f"{target} appeared while it was downloaded and was left alone; run the node again.")
        partial.replace(target)
    return Downloaded(target, remote.size, expected, transferred=True)


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Keep a second ComfyUI with the same models folder from appending to the same file."""
    from filelock import FileLock, Timeout

    lock = FileLock(target.with_name(f"{target.name}{PARTIAL}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise DownloadError(
            f"{target.name} is being downloaded into {target.parent} by another ComfyUI; wait until it is done."
        ) from None
    try:
        yield
    finally:
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)


def _remove_other_versions(partial: Path, name: str) -> None:
    """Delete what is left of versions that the repository no longer has: nobody can complete them."""
    for left in partial.parent.iterdir():
        if left != partial and re.fullmatch(rf"{re.escape(name)}\.[0-9A-Za-z]+{re.escape(PARTIAL)}", left.name):
            left.unlink(missing_ok=True)


def _check_room(file: PublishedFile, remote: RemoteFile, partial: Path) -> None:
    have = partial.stat().st_size if partial.exists() else 0
    free = shutil.disk_usage(partial.parent).free
    if remote.size - have > free:
        arrived = f", of which {readable(have)} have arrived" if have else ""
        raise DownloadError(
            f"{file.name} has {readable(remote.size)}{arrived}, but only {readable(free)} are free in "
            f"{partial.parent}; make room for {readable(remote.size - have - free)} more."
        )


class _PartialFile(io.FileIO):
    """A file that one thread appends to and another may close in the middle: then nothing more is written."""

    def __init__(self, path: Path) -> None:
        self._turn = threading.Lock()
        super().__init__(str(path), "ab")

    def write(self, data: Any) -> int:
        with self._turn:
            left = memoryview(data)
            while left:  # a disk that is nearly full may take a part
                left = left[super().write(left) :]
        return len(data)

    def truncate(self, size: int | None = None) -> int:
        with self._turn:
            return super().truncate(size)

    def close(self) -> None:
        with self._turn:
            super().close()


def _transfer(file: PublishedFile, remote: RemoteFile, partial: Path, report: Report) -> None:
    """Append to `partial` what is missing.

    `hf_hub_download` deletes what a broken transfer left (huggingface_hub 2) or does not tell of its progress (0.x).
    The function under it resumes in all versions.
    """
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

    if partial.exists() and partial.stat().st_size > remote.size:
        partial.unlink()
    headers = build_hf_headers() | {"Accept-Encoding": "identity"}  # a compressed answer has no ranges

    def look() -> None:
        report(partial.stat().st_size, remote.size)

    with _PartialFile(partial) as received:
        have = received.tell()
        ended = _watched(
            lambda: http_get(remote.url, received, resume_size=have, headers=headers, expected_size=remote.size), look
        )
        look()
    if (error := ended.exception()) is not None:
        raise DownloadError(
            f"The transfer of {file.name} broke off after {readable(partial.stat().st_size)} of "
            f"{readable(remote.size)} ({_reason(error)}); run the node again to go on from there."
        ) from error


def _watched(work: Callable[[], Result], look: Callable[[], None]) -> Future[Result]:
    """Do `work`, and call `look` several times a second until it is done.

    The work has a thread of its own, so that a server that is silent does not hold up an interrupt. What `look` raises
    ends the wait, not the work: nobody hears of its result.
    """
    executor = ThreadPoolExecutor(1, thread_name_prefix="download")
    try:
        future = executor.submit(work)
        while not wait([future], timeout=POLL_SECONDS).done:
            look()
        return future
    finally:
        executor.shutdown(wait=False)


def _sha256(path: Path, report: Report) -> str:
    digest, done, size = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as content:
        while block := content.read(HASHED_BYTES):
            digest.update(block)
            done += len(block)
            report(done, size)
    return digest.hexdigest()


def _reason(error: BaseException) -> str:
    """What an error says, fit for the middle of a sentence."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is not None:
        return f"HTTP status {status}{HINTS.get(status, '')}"
    first_sentence = re.split(r"(?<=[.!?])\s", str(error).strip())[0].rstrip(".")
    return f"{type(error).__name__}: {first_sentence}" if first_sentence else type(error).__name__
