"""The node that writes unrolled videos."""

import shutil
from pathlib import Path

import torch
from comfy_api.latest import io, ui
from torch import Tensor

from ..data_engine.clip_files import UnrolledClip, file_names, write_unrolled_clip
from ..pocket.clip_files import CLIP_FILE
from .output_files import contained, new_name, output_folder, temp_folder
from .scene import CATEGORY
from .sockets import UnrolledSocket, UnrolledVideo

OUTPUT = "output"
TEMPORARY = "temporary"


class SaveUnrolledVideo(io.ComfyNode):
    """An unrolled video to a folder."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldSaveUnrolledVideo",
            display_name="Save Unrolled Video",
            category=CATEGORY,
            description=(
                "Writes an unrolled video as a clip that training reads: the video without loss, all paths, the scene with "
                "its Gaussians, and a picture of each subject."
            ),
            search_aliases=["data set", "training clip", "export trajectory", "data engine", "metaworld"],
            is_output_node=True,
            inputs=[
                UnrolledSocket.Input("unrolled", tooltip="From Unroll Video: what the video was taken apart into."),
                io.String.Input(
                    "filename_prefix",
                    default="unrolled/video",
                    tooltip="Name of the folder that is written; below the output folder a number is appended.",
                ),
                io.Combo.Input(
                    "folder",
                    options=[OUTPUT, TEMPORARY],
                    default=OUTPUT,
                    advanced=True,
                    tooltip="output: a new folder in ComfyUI's output folder. temporary: one in its temp folder, which the next "
                    "run replaces; for the command unroll, which fetches it.",
                ),
            ],
            outputs=[],
        )

    @classmethod
    def execute(cls, unrolled: UnrolledVideo, filename_prefix: str, folder: str) -> io.NodeOutput:
        if folder == OUTPUT:
            root = output_folder()
            name = new_name(filename_prefix, root)
            path = name.folder / name.stem
        else:
            root = temp_folder()
            path = emptied(root, filename_prefix)
        document = write_unrolled_clip(as_clip(unrolled), path)
        place = path.relative_to(root).as_posix()
        kind = "output" if folder == OUTPUT else "temp"
        files = [{"filename": name, "subfolder": place, "type": kind} for name in sorted(file_names(document))]
        return io.NodeOutput(ui={"files": files, **ui.PreviewText(place).as_dict()})


def emptied(root: Path, prefix: str) -> Path:
    """A folder below `root` that is not there, after an unrolled video that was written there has been removed.

    Raises:
        ValueError: if it would not lie below `root`, or holds something else.
    """
    path = contained(prefix, root)
    if path.exists() and not (path / CLIP_FILE).is_file():
        raise ValueError(f"'{prefix}' in ComfyUI's temp folder is no unrolled video; give another name.")
    shutil.rmtree(path, ignore_errors=True)
    return path


def as_clip(unrolled: UnrolledVideo) -> UnrolledClip:
    """The same with pictures of 8 bits."""
    pairs = zip(unrolled.identities, unrolled.masks, strict=True)
    pictures = [torch.cat([picture, mask[..., None].to(picture.dtype)], dim=-1) for picture, mask in pairs]
    return UnrolledClip(unrolled.world, levels(unrolled.images), tuple(levels(picture) for picture in pictures))


def levels(picture: Tensor) -> Tensor:
    """Values 0..1 as uint8."""
    return (picture.cpu().clamp(0.0, 1.0) * 255.0).round().to(torch.uint8)
