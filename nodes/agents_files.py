"""Nodes that read and write files of agents."""

from pathlib import Path

import folder_paths
from comfy_api.latest import io, ui

from ..world.agents import Agents
from ..world.encounters import car_rig
from ..world.formats.description import ReadOptions
from ..world.formats.registry import all_formats, find_format, read_agents, write_agents
from ..world.resampling import resample_agents
from .agents import CATEGORY
from .input_files import contained_input, fingerprint, input_files
from .sockets import AgentsSocket

RECOGNISE = "recognise"


def format_names() -> str:
    return "; ".join(f"{found.id}: {found.title}" for found in all_formats().values())


def file_suffixes() -> set[str]:
    """Endings of the files that a format knows."""
    return {suffix for found in all_formats().values() for suffix in found.suffixes}


def new_output(prefix: str, suffix: str) -> Path:
    """A file that does not exist yet, relative to ComfyUI's output folder. Raises ValueError if it would not be in it."""
    output = Path(folder_paths.get_output_directory()).resolve()
    wanted = (output / prefix).resolve()
    if not wanted.is_relative_to(output) or wanted == output:
        raise ValueError(f"'{prefix}' lies outside ComfyUI's output folder; give a name below it.")
    _, name, counter, subfolder, _ = folder_paths.get_save_image_path(prefix, str(output))
    return Path(subfolder) / f"{name}_{counter:05}_{suffix}"


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
            ],
            outputs=[
                AgentsSocket.Output(
                    display_name="agents",
                    tooltip="The file's agents in the common world frame; vehicles without cameras get four views.",
                )
            ],
        )

    @classmethod
    def validate_inputs(cls, file: str) -> bool | str:
        try:
            contained_input(file)
        except ValueError as error:
            return str(error)
        return True

    @classmethod
    def fingerprint_inputs(cls, file: str, **_: object) -> tuple[tuple[int, int], ...]:
        return fingerprint([file])

    @classmethod
    def execute(cls, file: str, format: str, frames: int, frame_rate: float) -> io.NodeOutput:
        options = ReadOptions(frame_rate=frame_rate or None, rig=car_rig())
        agents = read_agents(contained_input(file), options, None if format == RECOGNISE else format)
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
            ],
            outputs=[],
        )

    @classmethod
    def execute(cls, agents: Agents, filename_prefix: str, format: str) -> io.NodeOutput:
        file = new_output(filename_prefix, find_format(format).suffixes[0])
        write_agents(agents, Path(folder_paths.get_output_directory()) / file, format)
        return io.NodeOutput(ui=ui.PreviewText(str(file)))
