"""The finished chunks of a rollout in a folder: latents, from which a later run goes on, and a video to look at.

The folder holds `chunk_00001.latent` and `chunk_00001.mp4`, then 00002, and so on. A file is there as soon as its chunk
is finished, and is complete or not there.
"""

import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from ..world.formats.files import write_file
from .rollout import Chunk, Rollout
from .videos import as_video

RECORD = "shared_world_rollout"
"""Metadata key of a latent file: JSON of what the chunk was made of."""

VERSION = 1

DIGITS = 12
"""Digits of a digest that a message shows."""


def chunk_record(rollout: Rollout, number: int) -> dict[str, Any]:
    """What decides what chunk `number` (from 0) shows, in plain values; large ones as SHA-256.

    The three networks and how many views are sampled at once are not among it.
    """
    settings, actions = rollout.settings, rollout.chunks[number]
    return {
        "version": VERSION,
        "chunk": number + 1,
        "views": len(rollout.first_frames),
        "width": rollout.width,
        "height": rollout.height,
        "chunk_frames": rollout.chunk_frames,
        "seed": rollout.seed,
        "steps": settings.steps,
        "cfg": settings.cfg,
        "sampler_name": settings.sampler,
        "scheduler": settings.scheduler,
        "guidance_against": rollout.guidance_against,
        "frame_rate": actions.frame_rate,
        "action_layout": actions.layout.name,
        "first_frames": _digest({"": rollout.first_frames}),
        "actions": _digest({"discrete": actions.discrete, "continuous": actions.continuous, **actions.extras}),
    }


def _digest(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


class RolloutFolder:
    """A folder with the chunks of one rollout.

    Args:
        path: the folder.
        name: what messages call it.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self.name = name

    def latent_file(self, number: int) -> Path:
        """Where the latents of chunk `number` (from 0) are, in the format of ComfyUI's Save Latent."""
        return self.path / f"chunk_{number + 1:05}.latent"

    def video_file(self, number: int) -> Path:
        """Where the video of chunk `number` (from 0) is, all views side by side."""
        return self.path / f"chunk_{number + 1:05}.mp4"

    def count_finished(self, rollout: Rollout) -> int:
        """How many of the rollout's first chunks are in the folder.

        Raises:
            ValueError: naming file and difference, if one cannot be read, is of another rollout, or one is missing
                between others.
        """
        there = [number for number in range(len(rollout.chunks)) if self.latent_file(number).is_file()]
        for place, number in enumerate(there):
            if place != number:
                raise ValueError(
                    f"'{self.name}' holds {self.latent_file(number).name} but not {self.latent_file(place).name}; put "
                    "that file back, or move the later chunks out of the folder."
                )
            self._check_record(number, chunk_record(rollout, number))
        return len(there)

    def _check_record(self, number: int, given: dict[str, Any]) -> None:
        file = self.latent_file(number)
        try:
            with safetensors.safe_open(file, "pt") as content:
                recorded = json.loads((content.metadata() or {})[RECORD])
                content.get_slice("latent_tensor")
        except (safetensors.SafetensorError, KeyError, ValueError, OSError) as error:
            raise ValueError(
                f"'{self.name}': {file.name} is not a chunk of a rollout that can be read ({error}); move it and all "
                "later chunks out of the folder, and they are made again."
            ) from error
        if not isinstance(recorded, dict):
            recorded = {}
        different = [key for key in {**given, **recorded} if recorded.get(key) != given.get(key)]
        if different:
            listed = ", ".join(f"{key} {_shown(recorded, key)} (given {_shown(given, key)})" for key in different)
            raise ValueError(
                f"'{self.name}': {file.name} was made with other inputs, {listed}; give the same inputs, or leave "
                "continue_from empty to begin a new rollout."
            )

    def read_latents(self, number: int) -> Tensor:
        """The latents of a finished chunk, exactly as they were sampled."""
        return safetensors.torch.load_file(self.latent_file(number))["latent_tensor"]

    def keep(self, chunk: Chunk, rollout: Rollout, metadata: Mapping[str, Any]) -> None:
        """Write those files of a chunk that are not there yet.

        The video takes 12 bytes per pixel of its frames while it is written.

        Args:
            chunk: the finished chunk.
            rollout: what it belongs to.
            metadata: further entries for both files, such as ComfyUI's prompt and workflow, as plain values.
        """
        if not self.latent_file(chunk.number).exists():
            content = {"latent_tensor": chunk.latents.contiguous(), "latent_format_version_0": torch.tensor([])}
            entries = {**metadata, RECORD: chunk_record(rollout, chunk.number)}
            texts = {key: json.dumps(value) for key, value in entries.items()}
            write_file(self.latent_file(chunk.number), safetensors.torch.save(content, texts))
        if not self.video_file(chunk.number).exists():
            rate = rollout.chunks[chunk.number].frame_rate
            write_file(self.video_file(chunk.number), side_by_side(chunk.frames, rate, dict(metadata)))


def side_by_side(frames: Tensor, frame_rate: float, metadata: dict[str, Any]) -> bytes:
    """An MP4 file of all views (views, frames, height, width, 3) uint8 from left to right."""
    content = io.BytesIO()
    as_video(torch.cat(list(frames), dim=2) / 255, frame_rate).save_to(content, metadata=metadata)
    return content.getvalue()


def _shown(record: Mapping[str, Any], key: str) -> str:
    value = record.get(key, "nothing")
    return f"{value[:DIGITS]}..." if isinstance(value, str) and len(value) == 64 else str(value)
