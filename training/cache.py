"""A cache on disk of what is computed once per clip, in shards that are mapped into memory.

Every shard is one safetensors file with the windows of some clips stacked along the first axis. A shard is complete or
not there, so that an interrupted run makes only the missing ones; several processes make different shards.
"""

import hashlib
import json
import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from ..world.formats.files import write_file
from .clips import Clip, ClipError

logger = logging.getLogger(__name__)

CLIPS_PER_SHARD = 32
WINDOWS_PER_CALL = 16
READING_THREADS = 4


class Window(Protocol):
    """Some frames of a clip, in whatever form `Encode` takes them."""

    @property
    def clip(self) -> str:
        """Name of the clip."""

    @property
    def start(self) -> int:
        """First source frame."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(agents, frames, height, width) of its pictures."""


Read = Callable[[Clip], Sequence[Any]]
"""A clip's windows."""

Encode = Callable[[Sequence[Any]], dict[str, Tensor]]
"""The tensors of some windows, stacked."""


class Cache:
    """Tensors of all windows, in the order of the clips.

    Args:
        paths: the shards.
        device: where all tensors are held; None leaves them in the mapped files.

    Attributes:
        windows: (clip name, first source frame) of every window.
        unreadable: clip name -> reason, for the clips that were skipped.

    Raises:
        ValueError: if the clips of two shards have different sizes.
    """

    def __init__(self, paths: Sequence[Path], device: torch.device | None = None) -> None:
        self.windows: list[tuple[str, int]] = []
        self.unreadable: dict[str, str] = {}
        shards = []
        for path in paths:
            with safetensors.safe_open(path, framework="pt") as file:
                metadata = file.metadata()
            windows = [(str(name), int(start)) for name, start in json.loads(metadata["windows"])]
            self.unreadable |= json.loads(metadata["unreadable"])
            if windows:
                shard = safetensors.torch.load_file(path)
                if shards:
                    _require_same_shapes((self.windows[0][0], shards[0]), (windows[0][0], shard))
                self.windows += windows
                shards.append(shard)
        self._starts = torch.tensor([0, *(len(next(iter(shard.values()))) for shard in shards)]).cumsum(0)
        if device is not None and shards:
            whole = {name: torch.cat([shard[name].to(device) for shard in shards]) for name in shards[0]}
            self._starts, shards = self._starts[[0, -1]], [whole]
        self._shards = shards

    def __len__(self) -> int:
        return len(self.windows)

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of one window's tensor. Raises IndexError if the cache is empty."""
        return tuple(self._shards[0][name].shape[1:])

    def gather(self, rows: Tensor, device: torch.device | str) -> dict[str, Tensor]:
        """The tensors of the windows with these numbers, stacked, on `device`."""
        if len(self._shards) == 1:
            (whole,) = self._shards
            return {name: tensor[rows.to(tensor.device)].to(device) for name, tensor in whole.items()}
        shards = torch.searchsorted(self._starts, rows, right=True) - 1
        places = list(zip(shards.tolist(), (rows - self._starts[shards]).tolist(), strict=True))
        return {
            name: torch.stack([self._shards[shard][name][row] for shard, row in places]).to(device)
            for name in self._shards[0]
        }


def _require_same_shapes(first: tuple[str, dict[str, Tensor]], second: tuple[str, dict[str, Tensor]]) -> None:
    """Raise ValueError if two shards, each with the name of its first clip, cannot be used together."""
    for name in first[1]:
        shapes = [tuple(shard[name].shape[1:]) for shard in (first[1], second[1])]
        if shapes[0] != shapes[1]:
            raise ValueError(
                f"The clips {first[0]} and {second[0]} have different sizes ({name} of {shapes[0]} and {shapes[1]}); "
                "make a data set of clips of one size."
            )


def cache_folder(root: Path, name: str, description: Mapping[str, Any]) -> Path:
    """The folder of a cache, which has a name of its own for everything that its content depends on."""
    folder = root / f"{name}-{_digest(description)}"
    folder.mkdir(parents=True, exist_ok=True)
    write_file(folder / "description.json", json.dumps(description, indent=1, sort_keys=True).encode())
    return folder


def _digest(values: Any) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]


def make_shards(
    folder: Path,
    clips: Sequence[Clip],
    read: Read,
    encode: Encode,
    max_unreadable: float,
    process: int = 0,
    processes: int = 1,
) -> list[Path]:
    """Make the shards that are missing.

    Args:
        folder: of the cache.
        clips: all clips. A shard's name depends on its clips: a data set that grew needs only some new shards.
        read: clip -> its windows; raises ClipError for a clip that cannot be read.
        encode: windows -> tensors whose first axis are the windows.
        max_unreadable: fraction of clips that may be skipped.
        process, processes: which of several processes this is; each makes its own shards.

    Returns:
        The paths of all shards, those of other processes too.

    Raises:
        ValueError: if more clips cannot be read, or clips have different sizes.
        OSError: if a shard cannot be written.
    """
    groups = [clips[start : start + CLIPS_PER_SHARD] for start in range(0, len(clips), CLIPS_PER_SHARD)]
    paths = [folder / f"shard-{_digest([clip.fingerprint() for clip in group])}.safetensors" for group in groups]
    skipped: dict[str, str] = {}
    with ThreadPoolExecutor(READING_THREADS) as threads:
        for number in range(process, len(groups), processes):
            if not paths[number].exists():
                skipped |= _make_shard(paths[number], groups[number], read, encode, threads)
                logger.info("Cached %d of %d shards in %s.", number + 1, len(groups), folder)
            require_readable(skipped, len(clips), max_unreadable)
    return paths


def require_readable(skipped: Mapping[str, str], clips: int, max_unreadable: float) -> None:
    """Raise ValueError if more than the fraction `max_unreadable` of the clips was skipped."""
    if len(skipped) > max_unreadable * clips:
        name, reason = next(iter(skipped.items()))
        raise ValueError(
            f"{len(skipped)} of {clips} clips cannot be read, at most {max_unreadable:.0%} may be skipped; make them "
            f"again. The first is {name}: {reason}"
        )


def _make_shard(
    path: Path, clips: Sequence[Clip], read: Read, encode: Encode, threads: ThreadPoolExecutor
) -> dict[str, str]:
    """Write one shard; returns the clips that were skipped."""
    windows: list[tuple[str, int]] = []
    skipped: dict[str, str] = {}
    parts: list[dict[str, Tensor]] = []
    waiting: list[Window] = []
    first: Window | None = None

    def encode_waiting() -> None:
        if waiting:
            parts.append({name: tensor.cpu() for name, tensor in encode(waiting).items()})
            windows.extend((window.clip, window.start) for window in waiting)
            waiting.clear()

    for clip, outcome in zip(clips, _read_ahead(read, clips, threads), strict=True):
        if isinstance(outcome, ClipError):
            skipped[clip.name] = str(outcome)
            logger.warning("Skipping a clip that cannot be read: %s", outcome)
            continue
        for window in outcome:
            first = first or window
            _require_same_size(first, window)
            waiting.append(window)
            if len(waiting) == WINDOWS_PER_CALL:
                encode_waiting()
    encode_waiting()
    tensors = {name: torch.cat([part[name] for part in parts]).contiguous() for name in (parts[0] if parts else ())}
    metadata = {"windows": json.dumps(windows), "unreadable": json.dumps(skipped)}
    partial = path.with_name(f".{path.name}.partial")
    try:
        safetensors.torch.save_file(tensors, partial, metadata)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return skipped


def _require_same_size(first: Window, other: Window) -> None:
    if first.shape != other.shape:
        raise ValueError(
            f"The clips {first.clip} and {other.clip} have different sizes (agents, frames, height, width): "
            f"{first.shape} and {other.shape}; make a data set of clips of one size."
        )


def _read_ahead(
    read: Read, clips: Sequence[Clip], threads: ThreadPoolExecutor
) -> Iterator[Sequence[Window] | ClipError]:
    """The outcome for every clip in order, while the next few are being read."""
    pending: deque[Future[Sequence[Window] | ClipError]] = deque()
    for clip in clips:
        pending.append(threads.submit(_outcome, read, clip))
        if len(pending) > READING_THREADS:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()


def _outcome(read: Read, clip: Clip) -> Sequence[Window] | ClipError:
    try:
        return read(clip)
    except ClipError as error:
        return error
