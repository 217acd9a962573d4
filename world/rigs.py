"""Rigs: the cameras of one agent, relative to the agent."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .poses import check_poses, pitch_rotation, rigid, yaw_rotation

FOUR_VIEWS = {"front": 0.0, "rear": 180.0, "left": -90.0, "right": 90.0}
"""Yaw in degrees of ShareVerse's four views (section 3), in tile order."""


def pinhole_intrinsics(width: int, height: int, horizontal_fov: float) -> Tensor:
    """(3, 3) float64 pinhole matrix in pixels with square pixels and a centred principal point.

    `horizontal_fov` is in degrees over the whole width, as CARLA defines it: f = width / (2 tan(fov / 2)).
    """
    if not 0.0 < horizontal_fov < 180.0:
        raise ValueError(f"The horizontal field of view must lie between 0 and 180 degrees, given {horizontal_fov}.")
    focal = width / (2.0 * math.tan(math.radians(horizontal_fov) / 2.0))
    return torch.tensor([[focal, 0.0, width / 2.0], [0.0, focal, height / 2.0], [0.0, 0.0, 1.0]], dtype=torch.float64)


def resized_intrinsics(intrinsics: Tensor, old: tuple[int, int], new: tuple[int, int]) -> Tensor:
    """Intrinsics (..., 3, 3) of pictures that are stretched from `old` to `new` (width, height) pixels.

    x and y scale independently; pixel coordinates are 0 at the picture's edge, so that skew scales with x.
    """
    scale = intrinsics.new_tensor([new[0] / old[0], new[1] / old[1], 1.0])
    return intrinsics * scale[:, None]


def check_intrinsics(intrinsics: Tensor, owner: str, places: Sequence[str] | None = None) -> None:
    """Refuse pinhole matrices (..., 3, 3) with non-finite values, focal lengths <= 0 or a last row other than 0 0 1.

    `places` names the items of the first axis in messages, after the owner ("frame 3").
    """

    def named(wrong: Tensor) -> str:
        return owner if places is None else f"{owner}, {places[int(wrong.nonzero()[0, 0])]}"

    broken = ~torch.isfinite(intrinsics).flatten(-2).all(-1)
    if broken.any():
        first = intrinsics[broken][0].tolist()
        raise ValueError(f"{named(broken)}: the intrinsics hold a value that is not finite: {first}.")
    focal = torch.minimum(intrinsics[..., 0, 0], intrinsics[..., 1, 1])
    negative = focal <= 0
    if negative.any():
        raise ValueError(
            f"{named(negative)}: focal lengths must be positive pixels, given {focal[negative][0].item():g}."
        )
    odd = (intrinsics[..., 2, :] != intrinsics.new_tensor([0.0, 0.0, 1.0])).any(-1)
    if odd.any():
        raise ValueError(f"{named(odd)}: the last row of the intrinsics must be 0 0 1; the matrix may be transposed.")


@dataclass(frozen=True, eq=False)
class Rig:
    """Cameras mounted on an agent.

    Attributes:
        view_names: one name per view, in tile order.
        view_to_agent: (views, 4, 4) float64 pose of each camera in the agent's frame (OpenCV axes, metres).
        intrinsics: (views, 3, 3) float64 pinhole matrices in pixels of a `width` x `height` picture.
        width, height: picture size of every view in pixels.
    """

    view_names: tuple[str, ...]
    view_to_agent: Tensor
    intrinsics: Tensor
    width: int
    height: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "view_names", tuple(self.view_names))
        object.__setattr__(self, "view_to_agent", torch.as_tensor(self.view_to_agent, dtype=torch.float64).clone())
        object.__setattr__(self, "intrinsics", torch.as_tensor(self.intrinsics, dtype=torch.float64).clone())
        views = len(self.view_names)
        if views == 0:
            raise ValueError("A rig needs at least one view.")
        if len(set(self.view_names)) != views:
            raise ValueError(f"View names must differ, given {', '.join(self.view_names)}.")
        if self.width < 1 or self.height < 1:
            raise ValueError(f"The picture size of a rig must be positive, given {self.width}x{self.height}.")
        if tuple(self.view_to_agent.shape) != (views, 4, 4) or tuple(self.intrinsics.shape) != (views, 3, 3):
            raise ValueError(
                f"A rig of {views} views needs view_to_agent ({views}, 4, 4) and intrinsics ({views}, 3, 3), "
                f"given {tuple(self.view_to_agent.shape)} and {tuple(self.intrinsics.shape)}."
            )
        check_poses(self.view_to_agent, "rig", item="view")
        check_intrinsics(self.intrinsics, "rig", [f"view '{name}'" for name in self.view_names])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Rig):
            return NotImplemented
        return (
            self.view_names == other.view_names
            and (self.width, self.height) == (other.width, other.height)
            and torch.equal(self.view_to_agent, other.view_to_agent)
            and torch.equal(self.intrinsics, other.intrinsics)
        )

    __hash__ = None  # type: ignore[assignment]

    @property
    def view_count(self) -> int:
        return len(self.view_names)

    def resized(self, width: int, height: int) -> "Rig":
        """The same cameras with pictures that are stretched to another size."""
        intrinsics = resized_intrinsics(self.intrinsics, (self.width, self.height), (width, height))
        return Rig(self.view_names, self.view_to_agent, intrinsics, width, height)


def rig_from_yaws(
    yaws: dict[str, float],
    width: int,
    height: int,
    horizontal_fov: float = 90.0,
    mount: Sequence[float] = (0.0, 0.0, 0.0),
    pitch: float | Sequence[float] = 0.0,
) -> Rig:
    """Cameras at one point that look in the given directions.

    Args:
        yaws: view name -> degrees to the right of the agent's forward axis.
        width, height: picture size of each view in pixels.
        horizontal_fov: degrees over the width, the same for all views.
        mount: (right, down, forward) offset of the cameras from the agent's origin in metres.
        pitch: degrees upwards, one for all views or one per view.
    """
    rotation = yaw_rotation(torch.tensor(list(yaws.values()), dtype=torch.float64)) @ pitch_rotation(
        torch.as_tensor(pitch, dtype=torch.float64)
    )
    view_to_agent = rigid(rotation, torch.tensor(mount, dtype=torch.float64).expand(len(yaws), 3))
    intrinsics = pinhole_intrinsics(width, height, horizontal_fov).expand(len(yaws), 3, 3)
    return Rig(tuple(yaws), view_to_agent, intrinsics, width, height)


def front_rig(width: int, height: int, horizontal_fov: float = 90.0, mount: Sequence[float] = (0.0, 0.0, 0.0)) -> Rig:
    """A single camera that looks where the agent looks."""
    return rig_from_yaws({"front": 0.0}, width, height, horizontal_fov, mount)


def four_view_rig(
    width: int, height: int, horizontal_fov: float = 90.0, mount: Sequence[float] = (0.0, 0.0, 0.0)
) -> Rig:
    """ShareVerse's four views (section 3): front 0, rear 180, left -90, right +90 degrees of yaw.

    The paper gives neither field of view nor mounting point; four views of 90 degrees close the circle.
    """
    return rig_from_yaws(FOUR_VIEWS, width, height, horizontal_fov, mount)
