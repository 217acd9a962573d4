"""The ground truth of one clip, and what follows from it for every set of generated frames."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from torch import Tensor

from ..poses import check_poses
from ..rigs import check_intrinsics
from .checks import check_pictures, check_same_axes
from .localisation import CarSightings, find_cars, other_agents
from .regions import SeenRule, region_masks
from .shared_points import SharedPoints, find_shared_points


@dataclass(frozen=True, eq=False)
class KnownClip:
    """What is known about a clip. Only `truth` is required; metrics that need what is not given are left out.

    Attributes:
        truth: (agents, frames, views, height, width, 3) true pictures in 0..1. Frame 0 is what generation was given.
        depth: (agents, frames, views, height, width) metres along the camera's z axis; inf for the sky.
        extrinsics: (agents, frames, views, 4, 4) camera-to-world.
        intrinsics: (agents, frames, views, 3, 3) in pixels of these pictures.
        instances: (agents, frames, views, height, width) integer instance numbers.
        buildings: instance numbers of the buildings.
        cars: instance number of each agent's car.
        transmittance: (agents, frames, views, height, width) share of light that fog lets through, in 0..1.
        without_others: the truth without the other agents, as `truth`.
        rule: when a building counts as seen.
    """

    truth: Tensor
    depth: Tensor | None = None
    extrinsics: Tensor | None = None
    intrinsics: Tensor | None = None
    instances: Tensor | None = None
    buildings: Sequence[int] = ()
    cars: Sequence[int] = ()
    transmittance: Tensor | None = None
    without_others: Tensor | None = None
    rule: SeenRule = field(default_factory=SeenRule)

    def __post_init__(self) -> None:
        check_pictures(self.truth, "the ground truth")
        planes = {"depth": self.depth, "instances": self.instances, "transmittance": self.transmittance}
        for name, values in planes.items():
            if values is not None:
                check_same_axes(values, name, self.truth)
        if self.without_others is not None:
            check_pictures(self.without_others, "the view without others")
            check_same_axes(self.without_others, "the view without others", self.truth)
        if self.instances is not None and (self.instances.is_floating_point() or len(self.cars) != len(self.truth)):
            raise ValueError(
                f"Instances must be integers with one car per agent, given {self.instances.dtype} and "
                f"{len(self.cars)} cars for {len(self.truth)} agents."
            )
        self._check_cameras()

    def _check_cameras(self) -> None:
        if (self.extrinsics is None) != (self.intrinsics is None):
            raise ValueError("A clip needs extrinsics and intrinsics together, only one of them is given.")
        if self.extrinsics is None or self.intrinsics is None:
            return
        check_same_axes(self.extrinsics, "extrinsics", self.truth, (4, 4))
        check_same_axes(self.intrinsics, "intrinsics", self.truth, (3, 3))
        check_intrinsics(self.intrinsics, "the clip")
        for agent, poses in enumerate(self.extrinsics):
            for view, camera in enumerate(poses.unbind(1)):
                check_poses(camera, f"agent {agent}, view {view}")

    @cached_property
    def shared_points(self) -> SharedPoints | None:
        """Clear points of frames 1.. that two agents see at the same time; None without depth or cameras."""
        if self.depth is None or self.extrinsics is None or self.intrinsics is None or self.truth.shape[1] < 2:
            return None
        later = slice(1, None)
        clear = None if self.transmittance is None else self.transmittance[:, later] > self.rule.transmittance
        surfaces = None if self.instances is None else self.instances[:, later]
        return find_shared_points(
            self.depth[:, later], self.extrinsics[:, later], self.intrinsics[:, later], clear, surfaces
        )

    @cached_property
    def points_seen_alike(self) -> SharedPoints | None:
        """Those of `shared_points` that both agents see from similar distances, through similar fog."""
        if self.shared_points is None or self.depth is None:
            return None
        transmittance = None if self.transmittance is None else self.transmittance[:, 1:]
        return self.shared_points.seen_alike(self.depth[:, 1:], transmittance)

    @cached_property
    def regions(self) -> Mapping[str, Tensor]:
        """Masks by what the agents saw in their first frames; empty without instances."""
        if self.instances is None:
            return {}
        return region_masks(self.instances, self.transmittance, self.buildings, self.cars, self.rule)

    @cached_property
    def covered(self) -> Tensor | None:
        """Which other agent covers each pixel of frames 1.., -1 for none; None without instances."""
        return None if self.instances is None else other_agents(self.instances[:, 1:], self.cars)

    @cached_property
    def car_sightings(self) -> CarSightings | None:
        """Other agents that the truth shows in frames 1..; None without instances or the view without others."""
        if self.covered is None or self.without_others is None:
            return None
        return find_cars(self.truth[:, 1:], self.without_others[:, 1:], self.covered)
