"""The node that makes a scene of points that another node or program has."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from comfy_api.latest import Types, io

from ..world.dialects.point_clouds import points_of_depth_anything
from ..world.dialects.splats import points_of_splat
from ..world.rebasing import WorldAxes
from ..world.scene import Scene
from ..world.scene.ply import read_ply
from ..world.scene.source_points import SourcePoints, points_in_world
from .placing import move_inputs
from .scene import CATEGORY
from .sockets import DepthAnythingPointCloudSocket, SceneSocket

BY_SOURCE = "by source"

logger = logging.getLogger(__name__)


class SceneFromPoints(io.ComfyNode):
    """Points of other programs to a scene."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldSceneFromPoints",
            display_name="Scene From Points",
            category=CATEGORY,
            description=(
                "Makes a scene of a point cloud: a PLY file of a scanner, of COLMAP, CloudCompare, CARLA or Scene Preview, "
                "the points of Depth Anything 3, or the centres of a Gaussian splat."
            ),
            search_aliases=["point cloud", "ply", "lidar", "scan", "colmap", "cloudcompare", "3dgs", "import scene"],
            inputs=[
                io.MultiType.Input(
                    "points",
                    types=[
                        io.File3DAny,
                        io.File3DPLY,
                        io.File3DPointCloudAny,
                        DepthAnythingPointCloudSocket,
                        io.Splat,
                    ],
                    tooltip="A PLY file from Load 3D or Scene Preview, a point cloud of Depth Anything 3, or a splat from Get "
                    "Splat.",
                ),
                io.Combo.Input(
                    "point_axes",
                    options=[BY_SOURCE, *get_args(WorldAxes)],
                    default=BY_SOURCE,
                    tooltip="Axes of the points. by source: y up for PLY files and Depth Anything 3, opencv (y down) for "
                    "Gaussian splats. Files do not say it: COLMAP's are often opencv, those of scanners z up, CARLA's unreal.",
                ),
                io.Float.Input(
                    "metres_per_unit",
                    default=1.0,
                    min=0.000001,
                    max=1000000.0,
                    step=0.001,
                    tooltip="How many metres one unit of the points is: 0.01 for centimetres. A model's own unit, as that of "
                    "Depth Anything 3 or COLMAP, needs a known length.",
                ),
                io.Float.Input(
                    "voxel",
                    default=0.0,
                    min=0.0,
                    max=10.0,
                    step=0.005,
                    tooltip="Edge in metres of the cubes of which each becomes one point, so that large clouds get smaller; "
                    "0 keeps all points.",
                ),
                *move_inputs("the points"),
                *cls.threshold_inputs(),
            ],
            outputs=[
                SceneSocket.Output(
                    id="scene", display_name="scene", tooltip="The points with their colours in the world, in metres."
                )
            ],
        )

    @classmethod
    def threshold_inputs(cls) -> list[io.Input]:
        return [
            io.Float.Input(
                name,
                default=default,
                min=0.0,
                max=1.0,
                step=0.01,
                optional=True,
                advanced=True,
                tooltip=tooltip,
            )
            for name, default, tooltip in (
                (
                    "confidence_threshold",
                    0.0,
                    "Points below this confidence are left out, where the source has one; 0 is that of the least certain "
                    "point, 1 that of the most certain.",
                ),
                (
                    "opacity_threshold",
                    0.1,
                    "Gaussians of a splat with less opacity than this are left out; other points have none.",
                ),
            )
        ]

    @classmethod
    def execute(
        cls,
        points: Types.File3D | Types.SPLAT | Mapping[str, Any] | None,
        point_axes: str,
        metres_per_unit: float,
        voxel: float,
        confidence_threshold: float = 0.0,
        opacity_threshold: float = 0.1,
        **move: float,
    ) -> io.NodeOutput:
        if isinstance(points, Mapping) and metres_per_unit == 1.0:
            logger.warning(
                "Depth Anything 3's points are not in metres, so that paths in metres do not fit the scene; set "
                "metres_per_unit by a known length, or make the scene of the geometry with Scene From Video."
            )
        cloud = points_in_world(
            read_points(points),
            None if point_axes == BY_SOURCE else point_axes,
            metres_per_unit,
            confidence_threshold=confidence_threshold,
            opacity_threshold=opacity_threshold,
            voxel=voxel,
            **move,
        )
        return io.NodeOutput(Scene(cloud))


def read_points(given: Types.File3D | Types.SPLAT | Mapping[str, Any] | None) -> SourcePoints:
    """Points out of a socket. Raises ValueError if there are none, or of a file that is no PLY file."""
    if given is None:
        raise ValueError("There are no points: choose a file in Load 3D.")
    if isinstance(given, Mapping):
        return points_of_depth_anything(given)
    if isinstance(given, Types.SPLAT):
        return _first_splat(given)
    if given.format not in ("ply", ""):
        raise ValueError(
            f"The 3D file is a .{given.format}, not a PLY file; save the points as PLY, or put Get Splat between if it is a "
            "Gaussian splat."
        )
    source = given.get_source()
    return read_ply(given.get_bytes(), Path(source).name if isinstance(source, str) else "The 3D file")


def _first_splat(splat: Types.SPLAT) -> SourcePoints:
    if len(splat.positions) > 1:
        logger.warning(
            "Scene From Points takes the first of %d splats, since a scene does not move.", len(splat.positions)
        )
    count = None if splat.counts is None else int(splat.counts[0])
    return points_of_splat(splat.positions[0, :count], splat.opacities[0, :count], splat.sh[0, :count])
