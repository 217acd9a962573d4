"""An unrolled video as a clip of a data set.

    clip.json                                         as of every clip, with the subjects, who have no video
    agent_1.mkv                                       the video, FFV1
    agents.json, scene.safetensors, unrolled.json     see `world.unrolling.files`
    identity_1.png, identity_2.png, ..                each subject where it is seen best; alpha is its mask

One agent filmed, so that there is one video. The subjects are agents without one: they are listed in `clip.json`, and
their paths, covariances and pictures lie beside the video.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..pocket.clip_files import CLIP_FILE, FORMAT, VERSION, beside, decode_video, encode_video, read_document
from ..world.agents import Agents
from ..world.scene import Scene
from ..world.tiles import SINGLE_VIEW
from ..world.unrolling import UnrolledWorld, read_unrolled, write_unrolled
from ..world.unrolling.files import AGENTS_FILE, SCENE_FILE, UNROLLED_FILE

VIDEO_FILE = "agent_1.mkv"


@dataclass(frozen=True, eq=False)
class UnrolledClip:
    """A video with the world that it was taken apart into.

    Attributes:
        world: the first of its agents filmed, the others are the subjects.
        video: (frames, height, width, 3) uint8; it may be larger than the pictures of the world's cameras.
        identities: (height, width, 4) uint8 per subject: its picture, and its mask as alpha.
    """

    world: UnrolledWorld
    video: Tensor
    identities: tuple[Tensor, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "identities", tuple(self.identities))
        frames = self.world.agents.frame_count
        if self.video.ndim != 4 or self.video.shape[0] != frames or self.video.shape[-1] != 3:
            raise ValueError(
                f"A world of {frames} frames needs a video ({frames}, height, width, 3), given "
                f"{tuple(self.video.shape)}."
            )
        if len(self.identities) != len(self.world.names):
            raise ValueError(
                f"{len(self.world.names)} subjects need as many identity pictures, given {len(self.identities)}."
            )

    def window(self, frames: Sequence[int]) -> tuple[Scene, Agents, Tensor]:
        """Scene, agents and video at some of the frames, as a trainer cuts them."""
        chosen = list(frames)
        scene = self.world.scene
        moved = [
            replace(agent, means=agent.means[chosen], covariances=agent.covariances[chosen]) for agent in scene.agents
        ]
        return scene.with_agents(moved), self.world.agents.select_frames(chosen), self.video[chosen]

    def document(self) -> dict[str, Any]:
        """What `clip.json` holds."""
        pictures = [f"identity_{number}.png" for number in range(1, len(self.identities) + 1)]
        return {
            "format": FORMAT,
            "version": VERSION,
            "agents": AGENTS_FILE,
            "videos": [{"agent": self.world.camera.name, "file": VIDEO_FILE}],
            "subjects": [
                {"agent": name, "identity": picture} for name, picture in zip(self.world.names, pictures, strict=True)
            ],
            "unrolled": UNROLLED_FILE,
            "tile": SINGLE_VIEW.to_dict(),
            "frames": self.world.agents.frame_count,
            "frame_rate": self.world.agents.frame_rate,
            "ground_truth": None,
        }


def write_unrolled_clip(clip: UnrolledClip, folder: Path) -> dict[str, Any]:
    """Write a clip into a new folder; returns what `clip.json` holds.

    Raises:
        FileExistsError: if the folder is there already; it stays as it is.
        OSError: if it cannot be written; nothing is left behind.
    """
    document = clip.document()
    beside = {VIDEO_FILE: encode_video(clip.video.contiguous(), clip.world.agents.frame_rate)}
    for subject, picture in zip(document["subjects"], clip.identities, strict=True):
        beside[subject["identity"]] = _png(picture)
    beside[CLIP_FILE] = (json.dumps(document, indent=1, allow_nan=False) + "\n").encode()
    write_unrolled(clip.world, folder, beside)
    return document


def read_unrolled_clip(folder: Path) -> UnrolledClip:
    """Read a clip.

    Raises:
        ValueError: naming the folder or file, if anything is missing, broken or does not fit.
    """
    document = read_document(folder)
    try:
        video, *others = document["videos"]
        if others:
            raise ValueError(f"it has {1 + len(others)} videos, one is expected")
        identities = [_picture(beside(folder, subject["identity"])) for subject in document["subjects"]]
        world = read_unrolled(folder)
        return UnrolledClip(world, decode_video(beside(folder, video["file"])), tuple(identities))
    except (OSError, LookupError, TypeError, RuntimeError, ValueError) as error:
        raise ValueError(f"{folder}: the unrolled clip cannot be read ({error}).") from error


def file_names(document: dict[str, Any]) -> set[str]:
    """Files of a clip that a `clip.json` speaks of, itself among them.

    Raises:
        ValueError: if it is not that of an unrolled video, or one of its names leads out of the folder.
    """
    try:
        names = {CLIP_FILE, SCENE_FILE, document["agents"], document["unrolled"]}
        names |= {video["file"] for video in document["videos"]}
        names |= {subject["identity"] for subject in document["subjects"]}
        outside = [name for name in names if Path(name).name != name]
    except (LookupError, TypeError) as error:
        raise ValueError(f"the {CLIP_FILE} is not that of an unrolled video ({error!r})") from error
    if outside:
        raise ValueError(f"the {CLIP_FILE} names the file '{outside[0]}', which lies elsewhere")
    return names


def _png(picture: Tensor) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture.contiguous().numpy()).save(stream, format="PNG")
    return stream.getvalue()


def _picture(path: Path) -> Tensor:
    with Image.open(path) as picture:
        return torch.from_numpy(np.array(picture.convert("RGBA")))
