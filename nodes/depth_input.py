"""Depth as it comes to nodes: pictures, masks, and the geometry of ComfyUI's MoGe and Depth Anything 3."""

import math
from dataclasses import dataclass
from typing import Any

import comfy.utils
import torch
from comfy_api.latest import io
from torch import Tensor

from ..world.poses import inverse
from .sockets import AgentsSocket, DepthAnythingGeometrySocket, MoGeGeometrySocket

Geometry = dict[str, Any]

METRES = "metres"
GREY_DISTANCE = "grey is distance"
GREY_INVERSE = "grey is inverse distance"

AS_GIVEN = "as given"
CAMERA_HEIGHT = "camera height"
KNOWN_DISTANCE = "known distance"

LARGEST_STRETCH = 0.01
"""Pictures whose aspect ratio differs by more than this share are taken for other pictures."""

COLOURED = 0.02
"""Difference of red, green and blue from which on a depth map counts as coloured."""

PATCH = 14
"""Depth Anything 3 works on pictures of multiples of this."""


@dataclass(frozen=True, eq=False)
class ReadDepth:
    """What a depth socket carries.

    Attributes:
        depth: (frames, height, width) float32; 0 where there is none.
        intrinsics: (frames, 3, 3) float64 in pixels of the depth, if known.
        extrinsics: (frames, 4, 4) float64 camera-to-world up to the scale of the depth, if known.
        metric: False where it is known that depth is not in metres.
    """

    depth: Tensor
    intrinsics: Tensor | None = None
    extrinsics: Tensor | None = None
    metric: bool = True


def depth_inputs() -> list[io.Input]:
    """The depth and what its numbers mean."""
    greys = [
        io.Float.Input(
            f"{name}_is",
            default=default,
            min=0.0,
            max=100000.0,
            step=0.1,
            tooltip=f"Metres where the depth picture is {name}.",
        )
        for name, default in (("white", 1.0), ("black", 100.0))
    ]
    return [
        io.MultiType.Input(
            "depth",
            types=[io.Image, io.Mask, MoGeGeometrySocket, DepthAnythingGeometrySocket],
            tooltip="Depth of every pixel: the geometry of Run MoGe Inference or Run Depth Anything 3 (best, since it also "
            "knows the lens), or a grey picture or mask.",
        ),
        io.DynamicCombo.Input(
            "depth_values",
            options=[
                io.DynamicCombo.Option(METRES, []),
                io.DynamicCombo.Option(GREY_INVERSE, greys),
                io.DynamicCombo.Option(GREY_DISTANCE, greys),
            ],
            tooltip="What a picture or mask of depth holds; a geometry needs no choice. metres: the values as they are. "
            "grey is inverse distance: usual depth previews with near in white. grey is distance: linear.",
        ),
        io.Float.Input(
            "horizontal_fov",
            default=0.0,
            min=0.0,
            max=179.0,
            step=0.5,
            tooltip="Field of view over the width of the picture, in degrees. 0 takes that of the connected camera, else "
            "that of the geometry. Phones have about 65.",
        ),
    ]


def scale_inputs() -> list[io.Input]:
    """The scale of the depth and where the camera stands."""
    distance = io.Float.Input(
        "distance", default=5.0, min=0.01, max=10000.0, step=0.1, tooltip="Metres from the camera to the pixel."
    )
    pixel = [
        io.Int.Input(name, default=0, min=0, max=16384, tooltip=f"{place} of the pixel in the picture, from 0.")
        for name, place in (("column", "Column"), ("row", "Row"))
    ]
    return [
        io.DynamicCombo.Input(
            "metric_scale",
            options=[
                io.DynamicCombo.Option(AS_GIVEN, []),
                io.DynamicCombo.Option(CAMERA_HEIGHT, []),
                io.DynamicCombo.Option(KNOWN_DISTANCE, [distance, *pixel]),
            ],
            tooltip="as given: the depth is in metres, as MoGe 2's is and Depth Anything 3's is not. camera height: scaled so that the ground "
            "lies camera_height below the camera. known distance: scaled so that one pixel is that far away.",
        ),
        io.Float.Input(
            "camera_height",
            default=1.6,
            min=0.0,
            max=10000.0,
            step=0.05,
            tooltip="Metres of the camera above the ground of the world, on which the agents' paths lie; 0 if unknown: "
            "then the camera is the origin.",
        ),
        io.Float.Input(
            "camera_pitch",
            default=0.0,
            min=-90.0,
            max=90.0,
            step=0.5,
            tooltip="Degrees that the camera looks upwards, negative downwards, so that the ground becomes level.",
        ),
        io.Float.Input(
            "farthest",
            default=0.0,
            min=0.0,
            max=100000.0,
            step=1.0,
            tooltip="Metres beyond which nothing is taken into the scene, such as a sky; 0 takes all.",
        ),
    ]


def optional_inputs(masks: str) -> list[io.Input]:
    """Subjects, ground and camera path; `masks` says what the masks show."""
    return [
        io.Mask.Input("subjects", optional=True, tooltip=masks),
        io.Int.Input(
            "mask_growth",
            default=10,
            min=0,
            max=512,
            optional=True,
            tooltip="Pixels by which the masks of subjects grow, so that no rim of them stays in the scene.",
        ),
        io.Mask.Input(
            "ground",
            optional=True,
            tooltip="Where the ground is in the first picture, for the scale from the camera height; without it the ground "
            "is looked for in the lower half.",
        ),
        AgentsSocket.Input(
            "camera",
            optional=True,
            tooltip="The first view of the first agent took the pictures, frame by frame: its poses count in place of "
            "camera_height and camera_pitch.",
        ),
    ]


def read_depth(given: Tensor | Geometry, values: dict[str, Any]) -> ReadDepth:
    """Depth out of a socket.

    Args:
        given: IMAGE (frames, height, width, 3), MASK (frames, height, width), or a geometry of MoGe or of Depth
            Anything 3, which both hold more or less of depth, intrinsics, extrinsics, mask and sky.
        values: the choice of `depth_inputs`, for IMAGE and MASK.

    Raises:
        ValueError: if it is a coloured picture, a geometry without depth or of a panorama, or the greys mean nothing.
    """
    if isinstance(given, dict):
        return _read_geometry(given)
    if given.ndim == 4:
        red = given[..., 0]
        if (given[..., :3] - red[..., None]).abs().amax() > COLOURED:
            raise ValueError(
                "The depth is a coloured picture, whose colours are no distances; connect a grey one, or the geometry "
                "that it was painted from."
            )
        given = red
    return ReadDepth(_metres(given.float().cpu(), values))


def _metres(grey: Tensor, values: dict[str, Any]) -> Tensor:
    if values["depth_values"] == METRES:
        return grey
    white, black = float(values["white_is"]), float(values["black_is"])
    if values["depth_values"] == GREY_DISTANCE:
        if white == black:
            raise ValueError(f"White and black both stand for {white:g} m; give two distances.")
        return black + grey * (white - black)
    if white == black or min(white, black) <= 0.0:
        raise ValueError(
            f"White and black must stand for two distances above 0 m, given {white:g} and {black:g}; give both."
        )
    return 1.0 / (1.0 / black + grey.clamp(0.0, 1.0) * (1.0 / white - 1.0 / black))


def _read_geometry(given: Geometry) -> ReadDepth:
    if "depth" not in given:
        raise ValueError(
            f"The geometry has no depth, only {', '.join(sorted(given)) or 'nothing'}; connect one that has."
        )
    depth = given["depth"].float().cpu().clone()
    if "points" in given and "intrinsics" not in given:
        raise ValueError("The geometry has points but no lens, as that of a panorama; connect that of a usual picture.")
    if "mask" in given:
        depth[~given["mask"].cpu().bool()] = 0.0
    if "sky" in given:
        depth[given["sky"].cpu() >= 0.5] = 0.0
    intrinsics = _pixels(given["intrinsics"].cpu().double(), depth) if "intrinsics" in given else None
    extrinsics = None
    # Where Depth Anything 3 finds no cameras, ComfyUI puts identity matrices in their place.
    if "extrinsics" in given and intrinsics is not None:
        to_camera = given["extrinsics"].cpu().double().reshape(-1, *given["extrinsics"].shape[-2:])
        extrinsics = torch.eye(4, dtype=torch.float64).repeat(len(to_camera), 1, 1)
        extrinsics[:, :3] = to_camera[:, :3]
        extrinsics = inverse(extrinsics)
    # Only Depth Anything 3 says how it was run. None of its models gives metres: even those of the one for metric depth
    # are for a focal length of 300 pixels.
    return ReadDepth(depth, intrinsics, extrinsics, metric="mode" not in given)


def _pixels(given: Tensor, depth: Tensor) -> Tensor | None:
    """Intrinsics (frames, 3, 3) in pixels of the depth; None if they are only identity matrices."""
    matrices = given.reshape(-1, 3, 3).clone()
    size = torch.tensor([depth.shape[-1], depth.shape[-2]], dtype=torch.float64)
    if torch.equal(matrices, torch.eye(3, dtype=torch.float64).expand_as(matrices)):
        return None
    middle = matrices[:, :2, 2].mean(0)
    if middle.max() <= 1.0:
        # MoGe's are in shares of the width and height.
        own = torch.ones(2, dtype=torch.float64)
    elif (2.0 * middle - size).abs().max() < 1.0:
        own = size
    else:
        # Depth Anything 3's are in pixels of the smaller picture that it works on, its depth is not.
        own = (2.0 * middle / PATCH).round().clamp(min=1.0) * PATCH
    matrices[:, :2] *= (size / own)[:, None]
    return matrices


def match_pictures(pictures: Tensor, depth: Tensor) -> Tensor:
    """Pictures (frames, height, width, 3) in the size of depth (frames, height, width).

    Raises:
        ValueError: if there are more or fewer pictures than depth maps, or their aspect ratio is another one.
    """
    if len(pictures) != len(depth):
        raise ValueError(
            f"There are {len(pictures)} pictures and {len(depth)} depth maps; give the depth of the same frames."
        )
    height, width = depth.shape[1:]
    given_height, given_width = pictures.shape[1:3]
    if not math.isclose(given_width * height, given_height * width, rel_tol=LARGEST_STRETCH):
        raise ValueError(
            f"The pictures are {given_width}x{given_height}, the depth {width}x{height}, which is another shape; crop or "
            "pad both alike."
        )
    pictures = pictures[..., :3].float().cpu()
    if (given_height, given_width) == (height, width):
        return pictures
    return comfy.utils.common_upscale(pictures.movedim(-1, 1), width, height, "area", "disabled").movedim(1, -1)
