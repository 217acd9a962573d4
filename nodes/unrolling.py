"""The node that takes a video apart into a scene, paths and identities."""

import torch
from comfy_api.latest import io
from torch import Tensor

from ..world.agents import Body
from ..world.unrolling import SubjectOptions, UnrolledWorld, UnrollOptions, unroll_video
from .depth_input import match_pictures
from .listed_names import split_names
from .scene import CATEGORY
from .sockets import AgentsSocket, PosedDepth, PosedDepthSocket, SceneSocket, UnrolledSocket, UnrolledVideo
from .tracked_subjects import TrackData, TrackedSocket, tracked_masks

PREFIX = "subject"


def subject_inputs() -> list[io.Input]:
    """Which pixels are subjects, and what is known of them."""
    mask = io.Mask.Input(PREFIX, tooltip="Masks of one subject, one per frame; empty where it is not seen.")
    return [
        io.Autogrow.Input(
            "subjects",
            template=io.Autogrow.TemplatePrefix(mask, prefix=PREFIX, min=0, max=16),
            tooltip="Who moves in the video: the masks of each subject. Or connect tracks.",
        ),
        io.String.Input(
            "names",
            default="",
            optional=True,
            tooltip="Names of the subjects, separated by commas; without, they are called by their numbers.",
        ),
        io.String.Input(
            "sizes",
            multiline=True,
            default="",
            optional=True,
            tooltip="Sizes of the subjects where they are known, one per line: width height length in metres, such as 2.0 1.4 "
            "4.2 for a car. An empty line, or none: measured, which a subject seen from one side makes too small.",
        ),
        TrackedSocket.Input(
            "tracks",
            optional=True,
            tooltip="From Run SAM3 Video Track: every object that it follows is a subject, after those with masks of their "
            "own. There may be none.",
        ),
        io.Float.Input(
            "farthest",
            default=0.0,
            min=0.0,
            max=100000.0,
            step=1.0,
            optional=True,
            advanced=True,
            tooltip="Metres beyond which nothing is taken into the scene, such as a sky; 0 takes all.",
        ),
    ]


class UnrollVideo(io.ComfyNode):
    """A video to agents in a scene (MetaWorld's Monocular World-State Unrolling)."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldUnrollVideo",
            display_name="Unroll Video",
            category=CATEGORY,
            description=(
                "Takes a video with depth, camera poses and masks apart: the camera's path, where every subject went, a "
                "picture of each, and the scene without them (MetaWorld's Monocular World-State Unrolling)."
            ),
            search_aliases=["trajectory", "tracking", "subjects", "world state", "data engine"],
            inputs=[
                io.Image.Input("images", tooltip="Frames of the video, those that the depth belongs to."),
                PosedDepthSocket.Input(
                    "posed_depth", tooltip="From Scene From Video: depth in metres, with the camera of every frame."
                ),
                io.Float.Input(
                    "frame_rate", default=25.0, min=0.1, max=240.0, step=0.1, tooltip="Frames per second of the video."
                ),
                *subject_inputs(),
                io.Float.Input(
                    "smoothing",
                    default=0.5,
                    min=0.0,
                    max=10.0,
                    step=0.1,
                    advanced=True,
                    tooltip="Seconds over which the subjects' paths are smoothed; 0 keeps every frame as it was measured.",
                ),
                io.Int.Input(
                    "mask_growth",
                    default=10,
                    min=0,
                    max=200,
                    advanced=True,
                    tooltip="Pixels of the depth by which masks grow before the background is made, so that no rim of a "
                    "subject stays in it.",
                ),
                io.Float.Input(
                    "voxel",
                    default=0.02,
                    min=0.001,
                    max=10.0,
                    step=0.005,
                    advanced=True,
                    tooltip="Edge in metres of the cubes of which each becomes one point of the background.",
                ),
            ],
            outputs=[
                SceneSocket.Output(
                    id="scene", display_name="scene", tooltip="Background, and every subject as a 3D Gaussian."
                ),
                AgentsSocket.Output(
                    id="agents", display_name="agents", tooltip="The camera that filmed first, then the subjects."
                ),
                io.Image.Output(
                    id="identities",
                    display_name="identities",
                    is_output_list=True,
                    tooltip="Each subject where it is seen best, cut out; for Agent Identity.",
                ),
                io.Mask.Output(
                    id="identity_masks",
                    display_name="identity_masks",
                    is_output_list=True,
                    tooltip="What of these pictures is the subject.",
                ),
                UnrolledSocket.Output(
                    id="unrolled",
                    display_name="unrolled",
                    tooltip="All of this with the video, for Save Unrolled Video.",
                ),
            ],
        )

    @classmethod
    def execute(
        cls,
        images: Tensor,
        posed_depth: PosedDepth,
        frame_rate: float,
        smoothing: float,
        mask_growth: int,
        voxel: float,
        subjects: dict[str, Tensor | None] | None = None,
        names: str = "",
        sizes: str = "",
        tracks: TrackData | None = None,
        farthest: float = 0.0,
    ) -> io.NodeOutput:
        masks = all_masks(subjects or {}, tracks, posed_depth.depth)
        called = split_names(names)
        called += [f"subject {number}" for number in range(len(called) + 1, len(masks) + 1)]
        called = called if tracks is None else called[: len(masks)]
        options = UnrollOptions(
            SubjectOptions(smoothing=smoothing),
            dilation=float(mask_growth),
            voxel=voxel,
            farthest=farthest or float("inf"),
        )
        world = unroll_video(
            match_pictures(images, posed_depth.depth),
            posed_depth.depth,
            posed_depth.extrinsics,
            posed_depth.intrinsics,
            masks,
            frame_rate,
            names=called,
            bodies=known_bodies(sizes, called),
            options=options,
        )
        images = images[..., :3]
        pictures, picture_masks = identity_pictures(world, images, masks, posed_depth.depth)
        unrolled = UnrolledVideo(
            world, images, tuple(picture[0] for picture in pictures), tuple(mask[0] for mask in picture_masks)
        )
        return io.NodeOutput(world.scene, world.agents, pictures, picture_masks, unrolled)


def all_masks(subjects: dict[str, Tensor | None], tracks: TrackData | None, depth: Tensor) -> Tensor:
    """(subjects, frames, height, width): those with masks of their own, then those that were tracked."""
    if tracks is None:
        return subject_masks(subjects, len(depth))
    if all(mask is None for mask in subjects.values()):
        return tracked_masks(tracks, depth)
    masks = subject_masks(subjects, len(depth))
    return torch.cat([masks, tracked_masks(tracks, depth, masks.shape[2:]).to(masks.dtype)])


def subject_masks(subjects: dict[str, Tensor | None], frames: int) -> Tensor:
    """(subjects, frames, height, width). Raises ValueError naming the input whose masks are missing or do not fit."""
    connected = {name: mask for name, mask in subjects.items() if mask is not None}
    if not connected:
        raise ValueError(f"No subject has masks (input '{PREFIX}0'); connect the masks of what moves, or tracks.")
    (first, expected), *_ = connected.items()
    for name, mask in connected.items():
        if len(mask) != frames:
            raise ValueError(f"'{name}' has {len(mask)} masks, the video {frames} frames; give one mask per frame.")
        if mask.shape != expected.shape:
            raise ValueError(
                f"'{name}' has masks of {mask.shape[2]}x{mask.shape[1]}, '{first}' of {expected.shape[2]}x"
                f"{expected.shape[1]}; scale them to one size."
            )
    return torch.stack(list(connected.values())).cpu()


def known_bodies(text: str, names: list[str]) -> dict[str, Body]:
    """Boxes of the subjects from lines 'width height length'. Raises ValueError naming the line that is none."""
    bodies = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        if number > len(names):
            raise ValueError(f"sizes, line {number}: there are {len(names)} subjects; leave the line out.")
        try:
            size = tuple(float(value) for value in line.replace(",", " ").split())
            bodies[names[number - 1]] = Body(size)
        except ValueError as error:
            raise ValueError(
                f"sizes, line {number}: '{line.strip()}' is not a size; write width, height and length in metres, three "
                "positive numbers."
            ) from error
    return bodies


def identity_pictures(
    world: UnrolledWorld, images: Tensor, masks: Tensor, depth: Tensor
) -> tuple[list[Tensor], list[Tensor]]:
    """Pictures (1, height, width, 3) and masks (1, height, width) of each subject, in the video's own size."""
    height, width = images.shape[1:3]
    sized = torch.nn.functional.interpolate(masks.float(), (height, width), mode="nearest-exact")
    identities = [identity.scaled(width / depth.shape[2], height / depth.shape[1]) for identity in world.identities]
    return (
        [identity.crop(images)[None] for identity in identities],
        [identity.crop(mask)[None] for identity, mask in zip(identities, sized, strict=True)],
    )
