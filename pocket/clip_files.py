"""A clip on disk.

    agent_1.mkv, agent_2.mkv   tiles of each agent, FFV1: lossless, every frame by itself, 360 kB for 49 frames of 64x96
    agents.json                the agents, in the pack's own format
    ground_truth.npz           depth (float16) and instances (int16), (agents, frames, views, height, width); optional
    clip.json                  what the folder holds, and the recipe that makes it again

A folder is written under a temporary name and renamed when it is complete.
"""

import io
import json
import shutil
import uuid
import zipfile
import zlib
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..world.formats import read_agents, write_agents
from ..world.formats.files import read_text, write_file
from .recipe import Clip, Recipe

FORMAT, VERSION = "shared_world_clip", 1
CLIP_FILE, AGENTS_FILE, GROUND_TRUTH_FILE = "clip.json", "agents.json", "ground_truth.npz"


def encode_video(frames: Tensor, frame_rate: float) -> bytes:
    """Lossless Matroska video (FFV1) of frames (frames, height, width, 3) uint8."""
    import av  # only files need it; rendering does not

    stream = io.BytesIO()
    # Without this flag every file gets an identifier of its own, and equal clips are not equal files.
    with av.open(stream, "w", format="matroska", container_options={"fflags": "+bitexact"}) as container:
        video = container.add_stream("ffv1", rate=Fraction(frame_rate).limit_denominator(1000))
        video.height, video.width = frames.shape[1:3]
        video.pix_fmt = "bgr0"
        video.codec_context.thread_count = 1
        for frame in frames.numpy():
            container.mux(video.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(video.encode())
    return stream.getvalue()


def decode_video(path: Path) -> Tensor:
    """Frames (frames, height, width, 3) uint8 of a video.

    Raises:
        ValueError: if the file is no readable video.
    """
    import av

    try:
        with av.open(str(path)) as container:
            container.streams.video[0].codec_context.thread_count = 1
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    except (av.error.FFmpegError, IndexError) as error:
        raise ValueError(f"{path}: the video cannot be read ({error}).") from error
    if not frames:
        raise ValueError(f"{path}: the video has no frames.")
    return torch.from_numpy(np.stack(frames))


def clip_document(clip: Clip, ground_truth: bool) -> dict[str, Any]:
    """What `clip.json` holds."""
    recipe = clip.recipe
    names = clip.agents.names
    return {
        "format": FORMAT,
        "version": VERSION,
        "agents": AGENTS_FILE,
        "videos": [{"agent": name, "file": f"agent_{number}.mkv"} for number, name in enumerate(names, 1)],
        "tile": recipe.tile_layout().to_dict(),
        "frames": recipe.frames,
        "frame_rate": recipe.frame_rate,
        "ground_truth": GROUND_TRUTH_FILE if ground_truth else None,
        "recipe": {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(recipe).items()},
    }


def write_clip(clip: Clip, folder: Path, ground_truth: bool = True) -> dict[str, Any]:
    """Write a clip into a new folder; returns what `clip.json` holds.

    The folder appears complete or not at all; if it is there already, it stays as it is.

    Raises:
        OSError: if it cannot be written; nothing is left behind.
    """
    document = clip_document(clip, ground_truth)
    temporary = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}.tmp")
    temporary.mkdir(parents=True)
    try:
        for video, tiles in zip(document["videos"], clip.tiles, strict=True):
            write_file(temporary / video["file"], encode_video(tiles, clip.recipe.frame_rate))
        write_agents(clip.agents, temporary / AGENTS_FILE, "shared_world_json")
        if ground_truth:
            write_file(temporary / GROUND_TRUTH_FILE, _ground_truth_bytes(clip))
        write_file(temporary / CLIP_FILE, (json.dumps(document, indent=1, allow_nan=False) + "\n").encode())
        if not folder.exists():
            temporary.replace(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return document


def _ground_truth_bytes(clip: Clip) -> bytes:
    if clip.depth is None or clip.instances is None:
        raise ValueError("The clip has no depth and instances to write; write it without ground truth.")
    stream = io.BytesIO()
    np.savez_compressed(stream, depth=clip.depth.half().numpy(), instances=clip.instances.to(torch.int16).numpy())
    return stream.getvalue()


def read_document(folder: Path) -> dict[str, Any]:
    """What `clip.json` of a folder holds.

    Raises:
        ValueError: if it is missing, broken or of another version.
    """
    path = folder / CLIP_FILE
    try:
        document = json.loads(read_text(path))
    except (OSError, ValueError) as error:
        raise ValueError(f"{folder}: the clip cannot be read ({error}).") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f"{path}: this is not a clip of Pocket Town.")
    if document.get("version") != VERSION:
        raise ValueError(f"{path}: the clip is version {document.get('version')}, this pack reads version {VERSION}.")
    return document


def beside(folder: Path, name: str) -> Path:
    """A file of a clip that its document names, which lies in the clip's folder and nowhere else."""
    return folder / Path(name).name


def read_clip(folder: Path, ground_truth: bool = True) -> Clip:
    """Read a clip; `ground_truth` says whether depth and instances are read where there are any.

    Raises:
        ValueError: naming the folder or file, if anything is missing, broken or of the wrong size.
    """
    document = read_document(folder)
    try:
        recipe = Recipe(**document["recipe"])
        agents = read_agents(beside(folder, document["agents"]), format_id="shared_world_json")
        tiles = torch.stack([decode_video(beside(folder, video["file"])) for video in document["videos"]])
        truth = read_ground_truth(folder, document) if ground_truth else (None, None)
    except (OSError, KeyError, TypeError, RuntimeError, ValueError) as error:
        raise ValueError(f"{folder}: the clip cannot be read ({error}).") from error
    tile = recipe.tile_layout()
    expected = (len(agents), recipe.frames, tile.rows * recipe.height, tile.columns * recipe.width, 3)
    if tuple(tiles.shape) != expected:
        raise ValueError(f"{folder}: the videos have shape {tuple(tiles.shape)}, expected {expected}.")
    depth, instances = truth
    expected = (*expected[:2], tile.slots, recipe.height, recipe.width)
    if depth is not None and tuple(depth.shape) != expected:
        raise ValueError(f"{folder}: depth and instances have shape {tuple(depth.shape)}, expected {expected}.")
    return Clip(recipe, agents, tiles, depth, instances)


def read_ground_truth(folder: Path, document: dict[str, Any]) -> tuple[Tensor | None, Tensor | None]:
    """Depth and instances of a clip as in `Clip`, or twice None where its document names no such file.

    Raises:
        OSError, KeyError, TypeError, ValueError: if the file is missing or broken, or the two have different shapes.
    """
    name = document["ground_truth"]
    if name is None:
        return None, None
    path = beside(folder, name)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            depth, instances = torch.from_numpy(arrays["depth"]).float(), torch.from_numpy(arrays["instances"])
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ValueError(f"{path}: {error}.") from error
    if depth.ndim != 5 or depth.shape != instances.shape:
        raise ValueError(
            f"{path}: depth and instances must have one shape (agents, frames, views, height, width), given "
            f"{tuple(depth.shape)} and {tuple(instances.shape)}."
        )
    return depth, instances
