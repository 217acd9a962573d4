"""Roads on a lattice: straight roads along x and z that meet in crossroads and T-junctions.

Traffic keeps to the right. Kerbs are rounded at junctions, so that `distance_to_kerb` describes the whole street:
negative on the carriageway, 0 at the kerb, then the pavement.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

HALF_ROAD = 3.5
"""Metres from the middle of the carriageway to the kerb: one lane of `world.encounters` each way."""

PAVEMENT = 3.0
CORNER_RADIUS = 6.25
"""Of kerbs at junctions: a turn of 8 m radius in the middle of the lane keeps the same distance all the way."""

JUNCTION = HALF_ROAD + CORNER_RADIUS
"""Metres from the middle of a junction to where straight kerbs begin."""

NO_ROAD = 1e6
ARMS = ("+z", "+x", "-z", "-x")
"""The directions in which roads leave a node, each a right turn from the one before."""


@dataclass(frozen=True, eq=False)
class RoadFields:
    """Where points (...) of the ground lie in the street; all values are metres, (...).

    Attributes:
        kerb: distance outside the kerb, negative on the carriageway, at most `CORNER_RADIUS`.
        across: distance from the middle of the nearest road.
        along: distance from the middle of the nearest junction; points on roads without one are 90 m further.
        approaching: True on the side of the road where traffic drives towards the junction.
    """

    kerb: Tensor
    across: Tensor
    along: Tensor
    approaching: Tensor


@dataclass(frozen=True, eq=False)
class Roads:
    """Roads along x and z through the nodes of a lattice.

    Attributes:
        xs: x of the roads along z, ascending.
        zs: z of the roads along x, ascending.
        arms: (len(xs), len(zs), 4) bool, whether a road leaves the node in each direction of `ARMS`; it leads to the
            next node, or out of the town.
    """

    xs: tuple[float, ...]
    zs: tuple[float, ...]
    arms: Tensor

    def node_arms(self, column: int, row: int) -> tuple[bool, bool, bool, bool]:
        """Which of `ARMS` leave a node."""
        first, second, third, fourth = (bool(value) for value in self.arms[column, row])
        return first, second, third, fourth

    def fields(self, x: Tensor, z: Tensor) -> RoadFields:
        """Street coordinates of points of the ground, x and z (...) of one dtype and device."""
        lines_x, lines_z = x.new_tensor(self.xs), z.new_tensor(self.zs)
        column = torch.bucketize(x.contiguous(), (lines_x[1:] + lines_x[:-1]) / 2.0) if len(self.xs) > 1 else None
        row = torch.bucketize(z.contiguous(), (lines_z[1:] + lines_z[:-1]) / 2.0) if len(self.zs) > 1 else None
        dx = x - (lines_x[0] if column is None else lines_x[column])
        dz = z - (lines_z[0] if row is None else lines_z[row])
        node = torch.zeros_like(dx, dtype=torch.long)
        if column is not None:
            node += column * len(self.zs)
        if row is not None:
            node += row
        along_x, along_z = dx.abs(), dz.abs()
        missing = torch.where(self.arms.to(x.device), 0.0, NO_ROAD).to(x.dtype).flatten()
        # Columns of the arms: +z is 0, -z is 2; +x is 1, -x is 3.
        to_z_road = along_x + missing[node * 4 + 2 * (dz < 0.0)]
        to_x_road = along_z + missing[node * 4 + 1 + 2 * (dx < 0.0)]
        inside_x, inside_z = (JUNCTION - to_z_road).clamp_(min=0.0), (JUNCTION - to_x_road).clamp_(min=0.0)
        kerb = CORNER_RADIUS - torch.hypot(inside_x, inside_z)
        junction = self.arms.sum(-1).flatten().to(x.device) > 2
        beyond = torch.where(junction, 0.0, 90.0).to(x.dtype)[node]
        on_z_road = to_z_road < to_x_road
        side = torch.where(on_z_road, -dx * torch.sign(dz), dz * torch.sign(dx))
        return RoadFields(
            kerb, torch.minimum(to_z_road, to_x_road), torch.maximum(along_x, along_z) + beyond, side > 0.0
        )

    def distance_to_kerb(self, x: Tensor, z: Tensor) -> Tensor:
        """`RoadFields.kerb` alone."""
        return self.fields(x, z).kerb
