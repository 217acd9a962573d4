"""Nodes that read and write files of agents."""

from typing import Any, get_args

from comfy_api.latest import io, ui

from ..world.agents import Agents
from ..world.encounters import car_rig
from ..world.formats.description import ReadOptions
from ..world.formats.registry import all_formats, find_format, read_agents, read_agents_from_files, write_agents
from ..world.mounts import CameraArrangement, arrange_cameras
from ..world.rebasing import Origin, rebase_agents
from ..world.resampling import resample_agents
from .agents import CATEGORY
from .input_files import Fingerprint, contained_input, fingerprint, input_files, refusal
from .listed_names import split_names
from .output_files import new_name, output_folder
from .placing import axes_inputs, placed, unit_and_place_inputs
from .sockets import AgentsSocket

RECOGNISE = "recognise"


def format_names() -> str:
    return "; ".join(f"{found.id}: {found.title}" for found in all_formats().values())


def file_suffixes() -> set[str]:
    """Endings of the files that a format knows."""
    return {suffix for found in all_formats().values() for suffix in found.suffixes}


def cameras_input(tooltip: str) -> io.Combo.Input:
    return io.Combo.Input(
        "cameras",
        options=list(get_args(CameraArrangement)),
        default="as in the file",
        optional=True,
        advanced=True,
        tooltip=tooltip,
    )


def arrangement_inputs() -> list[io.Input]:
    """Further files, and who has the cameras."""
    return [
        io.String.Input(
            "more_files",
            default="",
            optional=True,
            advanced=True,
            tooltip="Names of further files of the same world, separated by commas, such as one for each camera.",
        ),
        cameras_input(
            "Who has the cameras. agents: each is an agent of its own; rig: all are on one agent, which needs them to be "
            "fixed to each other."
        ),
    ]


def lens_inputs() -> list[io.Input]:
    """What to take where a file holds no lens."""
    return [
        *(
            io.Int.Input(
                name,
                default=0,
                min=0,
                max=8192,
                optional=True,
                advanced=True,
                tooltip=f"{side} of the pictures in pixels where the file does not say it; 0 takes {value}.",
            )
            for name, side, value in (("width", "Width", 720), ("height", "Height", 480))
        ),
        io.Float.Input(
            "horizontal_fov",
            default=0.0,
            min=0.0,
            max=179.0,
            step=0.5,
            optional=True,
            advanced=True,
            tooltip="Field of view over the width in degrees where the file has no lens; 0 takes 90.",
        ),
    ]


class LoadAgentsFile(io.ComfyNode):
    """Agents from a file of ComfyUI's input folder."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldLoadAgentsFile",
            display_name="Load Agents File",
            category=CATEGORY,
            description="Agents from a file in ComfyUI's input folder, such as a CARLA log or a nerfstudio transforms.json.",
            search_aliases=["carla", "transforms.json", "camera file", "trajectory file", "nerfstudio"],
            inputs=[
                io.Combo.Input(
                    "file",
                    options=input_files(file_suffixes()),
                    tooltip="File in ComfyUI's input folder (press R after copying a new one there).",
                ),
                io.Combo.Input(
                    "format",
                    options=[RECOGNISE, *all_formats()],
                    default=RECOGNISE,
                    tooltip=f"Format of the file, or '{RECOGNISE}' to find out. {format_names()}.",
                ),
                io.Int.Input(
                    "frames",
                    default=0,
                    min=0,
                    max=4096,
                    tooltip="Frames to resample to; 0 keeps the file's. With frame_rate 0 the whole path is spread over them, else "
                    "speed is kept and a longer path is cut.",
                ),
                io.Float.Input(
                    "frame_rate",
                    default=0.0,
                    min=0.0,
                    max=240.0,
                    step=0.1,
                    tooltip="Frames per second: taken where the file names none, else resampled to. 0 keeps the file's rate.",
                ),
                *arrangement_inputs(),
                *lens_inputs(),
                *axes_inputs(),
                *unit_and_place_inputs(),
            ],
            outputs=[
                AgentsSocket.Output(
                    display_name="agents",
                    tooltip="The file's agents in the common world frame; vehicles without cameras get four views.",
                )
            ],
        )

    @classmethod
    def validate_inputs(cls, file: str, more_files: str | None = "") -> bool | str:
        return refusal([file], more_files)

    @classmethod
    def fingerprint_inputs(cls, file: str | None = None, more_files: str | None = "", **_: object) -> Fingerprint:
        return fingerprint(file, more_files)

    @classmethod
    def execute(
        cls,
        file: str,
        format: str,
        frames: int,
        frame_rate: float,
        more_files: str = "",
        cameras: CameraArrangement = "as in the file",
        width: int = 0,
        height: int = 0,
        horizontal_fov: float = 0.0,
        **place: Any,
    ) -> io.NodeOutput:
        options = ReadOptions(
            frame_rate=frame_rate or None,
            width=width or None,
            height=height or None,
            rig=car_rig(),
            horizontal_fov=horizontal_fov or None,
            cameras=cameras,
        )
        paths = [contained_input(name) for name in [file, *split_names(more_files)]]
        chosen = None if format == RECOGNISE else format
        if len(paths) == 1:
            agents = read_agents(paths[0], options, chosen)
        else:
            agents = read_agents_from_files(paths, options, chosen)
        agents = placed(agents, **place)
        if frames and frame_rate:
            agents = resample_agents(agents, frames, frame_rate, keep="speed")
        elif frames or (frame_rate and frame_rate != agents.frame_rate):
            agents = resample_agents(agents, frames or None, frame_rate or None, keep="path")
        return io.NodeOutput(agents)


class SaveAgentsFile(io.ComfyNode):
    """Agents to a file of ComfyUI's output folder."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldSaveAgentsFile",
            display_name="Save Agents File",
            category=CATEGORY,
            description="Writes agents to a new file in ComfyUI's output folder; existing files are never replaced.",
            search_aliases=["export cameras", "export trajectory", "carla"],
            is_output_node=True,
            inputs=[
                AgentsSocket.Input("agents", tooltip="Agents to write, with names, paths and cameras."),
                io.String.Input(
                    "filename_prefix",
                    default="agents/agents",
                    tooltip="Name of the file below the output folder; a number is appended.",
                ),
                io.Combo.Input(
                    "format",
                    options=list(all_formats()),
                    default="shared_world_json",
                    tooltip="Format to write; shared_world_json keeps everything. "
                    + "; ".join(f"{found.id} loses {found.lost_on_export}" for found in all_formats().values())
                    + ".",
                ),
                *cls.change_inputs(),
            ],
            outputs=[],
        )

    @classmethod
    def change_inputs(cls) -> list[io.Input]:
        return [
            cameras_input("How the cameras are written. agents: each as an agent of its own; rig: all on one agent."),
            io.Float.Input(
                "metres_per_unit",
                default=1.0,
                min=0.000001,
                max=1000000.0,
                step=0.001,
                optional=True,
                advanced=True,
                tooltip="How many metres a unit of the file stands for, on top of what the format says: 0.01 writes "
                "centimetres into a format of metres.",
            ),
            io.Combo.Input(
                "origin",
                options=list(get_args(Origin)),
                default="world",
                optional=True,
                advanced=True,
                tooltip="world keeps the common world. first frame puts the origin into the first agent's first pose, as "
                "many programs expect; level takes place and heading of it alone.",
            ),
        ]

    @classmethod
    def execute(
        cls,
        agents: Agents,
        filename_prefix: str,
        format: str,
        cameras: CameraArrangement = "as in the file",
        metres_per_unit: float = 1.0,
        origin: Origin = "world",
    ) -> io.NodeOutput:
        agents = arrange_cameras(agents, cameras, "rig")
        agents = rebase_agents(agents, metres_per_unit=1.0 / metres_per_unit, origin=origin)
        suffix, root = find_format(format).written_suffix, output_folder()
        name = new_name(filename_prefix, root)
        written = write_agents(agents, name.folder / f"{name.stem}_{suffix}", format)
        return io.NodeOutput(ui=ui.PreviewText("\n".join(str(path.relative_to(root)) for path in written)))
