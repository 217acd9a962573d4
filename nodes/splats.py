"""The node that shows a Gaussian splat as agents' cameras see it."""

from typing import get_args

import comfy.utils
import torch
from comfy_api.latest import Types, io

from ..world.agents import Agents
from ..world.dialects.cameras import CameraPath, chosen_cameras
from ..world.dialects.load3d_camera import load3d_camera
from ..world.dialects.splats import in_splat_frame
from ..world.rebasing import WorldAxes
from .camera_targets import choice_inputs, in_shape
from .listed_names import split_names
from .scene import CATEGORY

Splat = Types.SPLAT


class RenderSplatForAgents(io.ComfyNode):
    """A splat through the cameras of agents."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldRenderSplat",
            display_name="Render Splat For Agents",
            category=CATEGORY,
            description=(
                "Draws a Gaussian splat through the cameras of agents with ComfyUI's renderer, frame by frame. Outputs are "
                "lists: a node connected to them runs once per agent."
            ),
            search_aliases=["gaussian splatting", "3dgs", "novel view", "render splat", "ply"],
            inputs=[
                io.Splat.Input("splat", tooltip="From Get Splat, or from Transform Splat, which also moves it."),
                *choice_inputs(),
                io.Int.Input(
                    "width",
                    default=0,
                    min=0,
                    max=2048,
                    tooltip="Width in pixels of the pictures; 0 takes the cameras' own.",
                ),
                io.Int.Input(
                    "height",
                    default=0,
                    min=0,
                    max=2048,
                    tooltip="Height in pixels of the pictures; 0 takes the cameras' own.",
                ),
                io.Combo.Input(
                    "splat_axes",
                    options=list(get_args(WorldAxes))[:3],
                    tooltip="Axes of the splat. opencv: y down, as ComfyUI takes splats and as COLMAP's worlds are trained. "
                    "y up and z up: as from other programs.",
                ),
                io.Float.Input(
                    "metres_per_unit",
                    default=1.0,
                    min=0.000001,
                    max=1000000.0,
                    step=0.001,
                    tooltip="How many metres one unit of the splat is, so that it fits the agents' world.",
                ),
                io.Float.Input(
                    "splat_scale",
                    default=1.0,
                    min=0.1,
                    max=5.0,
                    step=0.05,
                    advanced=True,
                    tooltip="Size of the Gaussians, as in Render Splat: lower is crisper, higher fills gaps.",
                ),
                io.Float.Input(
                    "sharpen",
                    default=2.0,
                    min=1.0,
                    max=8.0,
                    step=0.5,
                    advanced=True,
                    tooltip="As in Render Splat: 1 blends physically, more lets the nearest Gaussian win.",
                ),
                io.Color.Input("background", default="#000000", tooltip="Colour where the splat has nothing."),
            ],
            outputs=[
                io.Image.Output(
                    id="images", display_name="images", is_output_list=True, tooltip="Frames of each agent's camera."
                ),
                io.Mask.Output(
                    id="masks",
                    display_name="masks",
                    is_output_list=True,
                    tooltip="Where the splat covers these frames.",
                ),
                io.String.Output(
                    id="labels",
                    display_name="labels",
                    is_output_list=True,
                    tooltip="Agent and view of each item, such as 'agent 1 front'.",
                ),
            ],
        )

    @classmethod
    def execute(
        cls,
        splat: Splat,
        agents: Agents,
        names: str,
        view: str,
        width: int,
        height: int,
        splat_axes: WorldAxes,
        metres_per_unit: float,
        splat_scale: float,
        sharpen: float,
        background: str,
    ) -> io.NodeOutput:
        cameras = [
            in_splat_frame(
                in_shape(camera, width or camera.width, height or camera.height), splat_axes, metres_per_unit
            )
            for camera in chosen_cameras(agents, split_names(names), view)
        ]
        progress = comfy.utils.ProgressBar(len(cameras) * agents.frame_count)
        images, masks = [], []
        for camera in cameras:
            frames = []
            for frame in range(agents.frame_count):
                frames.append(
                    draw(frame_of(splat, frame, agents.frame_count), camera, frame, splat_scale, sharpen, background)
                )
                progress.update(1)
            drawn, covered = zip(*frames, strict=True)
            images.append(torch.cat(drawn))
            masks.append(torch.cat(covered))
        return io.NodeOutput(images, masks, [camera.label for camera in cameras])


def frame_of(splat: Splat, frame: int, frames: int) -> Splat:
    """The splat of one frame: of a batch one each, or one for all. Raises ValueError for a batch of another size."""
    batch = len(splat.positions)
    if batch not in (1, frames):
        raise ValueError(f"There are {batch} splats and {frames} frames; give one splat, or one for each frame.")
    index = slice(frame, frame + 1) if batch > 1 else slice(0, 1)
    counts = None if splat.counts is None else splat.counts[index]
    return Types.SPLAT(
        splat.positions[index],
        splat.scales[index],
        splat.rotations[index],
        splat.opacities[index],
        splat.sh[index],
        counts,
    )


def draw(
    splat: Splat, camera: CameraPath, frame: int, splat_scale: float, sharpen: float, background: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """Picture (1, height, width, 3) and mask (1, height, width) by ComfyUI's renderer."""
    # ComfyUI's own nodes import its server, which need not run where ours are only looked at.
    from comfy_extras.nodes_gaussian_splat import RenderSplat

    picture, mask = RenderSplat.execute(
        splat,
        camera.width,
        camera.height,
        frames=1,
        splat_scale=splat_scale,
        sharpen=sharpen,
        headlight_shading=0.0,
        opacity_threshold=0.0,
        background=background,
        render_style="color",
        camera_info=load3d_camera(camera, frame, over_smaller_side=True),
    ).args
    return picture, mask
