"""What both layouts of a COLMAP model, text and binary, hold of cameras and images."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from .json_values import LARGEST_INTEGER

MODEL_BYTES = 2**28
"""Largest file of a model that is read: most of it are the points of the images, which are skipped."""

PARAMETER_NAMES: dict[str, tuple[str, ...]] = {
    "SIMPLE_PINHOLE": ("f", "cx", "cy"),
    "PINHOLE": ("fx", "fy", "cx", "cy"),
    "SIMPLE_RADIAL": ("f", "cx", "cy", "k"),
    "RADIAL": ("f", "cx", "cy", "k1", "k2"),
    "OPENCV": ("fx", "fy", "cx", "cy", "k1", "k2", "p1", "p2"),
    "FULL_OPENCV": ("fx", "fy", "cx", "cy", "k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6"),
}
"""Parameters of COLMAP's perspective models; the others, fisheyes and panoramas, are no pinholes at all."""


@dataclass(frozen=True)
class ColmapCamera:
    """A lens, which several images may share.

    Attributes:
        model: a key of `PARAMETER_NAMES`.
        width, height: picture size in pixels.
        parameters: as many numbers as the model has.
    """

    model: str
    width: int
    height: int
    parameters: tuple[float, ...]

    def __post_init__(self) -> None:
        if not (1 <= self.width <= LARGEST_INTEGER and 1 <= self.height <= LARGEST_INTEGER):
            raise ValueError(f"the picture size must be positive, given {self.width}x{self.height}.")
        if min(self.focal_lengths) <= 0.0:
            raise ValueError(f"focal lengths must be positive pixels, given {min(self.focal_lengths):g}.")

    @property
    def named(self) -> dict[str, float]:
        return dict(zip(PARAMETER_NAMES[self.model], self.parameters, strict=True))

    @property
    def focal_lengths(self) -> tuple[float, float]:
        named = self.named
        return named.get("fx", named.get("f", 0.0)), named.get("fy", named.get("f", 0.0))

    @property
    def is_distorted(self) -> bool:
        return any(value != 0.0 for name, value in self.named.items() if name[0] in "kp")

    @property
    def intrinsics(self) -> Tensor:
        """(3, 3) pinhole matrix in pixels."""
        fx, fy = self.focal_lengths
        rows = [[fx, 0.0, self.named["cx"]], [0.0, fy, self.named["cy"]], [0.0, 0.0, 1.0]]
        return torch.tensor(rows, dtype=torch.float64)


@dataclass(frozen=True)
class ColmapImage:
    """An image and its pose.

    Attributes:
        name: file name with folders.
        camera: id of its camera.
        quaternion: of the world-to-camera rotation, w first.
        translation: of the world-to-camera pose.
        place: where it is written, for messages.
    """

    name: str
    camera: int
    quaternion: tuple[float, float, float, float]
    translation: tuple[float, float, float]
    place: str


@dataclass(frozen=True)
class ColmapFrame:
    """Images that a rig took at one time.

    Attributes:
        rig: id of the rig.
        images: image id by camera id.
    """

    rig: int
    images: dict[int, int]


@dataclass(frozen=True)
class ColmapModel:
    """A model without its points.

    Attributes:
        cameras: by id.
        images: by id.
        rigs: ids of the cameras of each rig by id, the reference camera first; empty before COLMAP 3.12.
        frames: what the rigs took.
    """

    cameras: dict[int, ColmapCamera]
    images: dict[int, ColmapImage]
    rigs: dict[int, list[int]] = field(default_factory=dict)
    frames: list[ColmapFrame] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.images:
            raise ValueError("the model holds no images.")
        for image in self.images.values():
            if image.camera not in self.cameras:
                raise ValueError(
                    f"{image.place}: image '{image.name[:80]}' has camera {image.camera}, which is not in the model."
                )
