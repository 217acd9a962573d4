"""Scenes: the background as coloured points, agents as 3D Gaussians, and what cameras see of both.

Pixels are areas: pixel (row j, column i) covers u in [i, i + 1) and v in [j, j + 1), its centre is (i + 0.5, j + 0.5).
Depth is in metres along the camera's z axis; 0, inf and NaN stand for "none".
"""

from .background import anchor_cloud, holistic_cloud
from .depth_picture import depth_picture, depth_range
from .files import read_scene, write_scene
from .fusion import remove_outliers
from .gaussians import FittedGaussian, fit_gaussian, gaussian_of_body, gaussians_of_agents
from .masks import dilate, erode
from .projection import project, unproject
from .rendering import ConditionVideos, RenderOptions, render_for_agent, render_scene
from .scale import scale_from_camera_height, scale_from_distance
from .scene import AgentGaussian, PointCloud, Scene
from .splatting import Splats, Splatter

__all__ = [
    "AgentGaussian",
    "ConditionVideos",
    "FittedGaussian",
    "PointCloud",
    "RenderOptions",
    "Scene",
    "Splats",
    "Splatter",
    "anchor_cloud",
    "depth_picture",
    "depth_range",
    "dilate",
    "erode",
    "fit_gaussian",
    "gaussian_of_body",
    "gaussians_of_agents",
    "holistic_cloud",
    "project",
    "read_scene",
    "remove_outliers",
    "render_for_agent",
    "render_scene",
    "scale_from_camera_height",
    "scale_from_distance",
    "unproject",
    "write_scene",
]
