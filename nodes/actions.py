"""Nodes of actions: typed as a script, read from a file, shown as a picture."""

from dataclasses import replace

from comfy_api.latest import io, ui

from ..world.actions.actions import Actions
from ..world.actions.extra_text import parse_extra
from ..world.actions.picture import SMALLEST_WIDTH, draw_actions
from ..world.actions.reading import SUFFIXES, read_actions
from ..world.actions.registry import all_layouts, find_layout
from ..world.actions.script import parse_action_script
from .input_files import Fingerprint, contained_input, fingerprint, input_files, refusal
from .listed_names import split_names
from .sockets import ActionsSocket

CATEGORY = "Shared World/actions"

EXAMPLE_SCRIPT = """# Frames count from 0. Keys: W A S D, jump, dash, crouch, throw, aim, ability.
left:
  0-40: W
  41-end: W+D, look 0.3 0
right:
  0-end: W
  10-12: jump
  50-52: jump
"""

EXAMPLE_AGENTS = "robot 1, robot 2"

MOST_FRAMES = 100_000
CAMERA = "camera"


def layout_frame_rates() -> str:
    return ", ".join(f"{layout.frame_rate:g} for {layout.name}" for layout in all_layouts().values())


def frames_input(tooltip: str) -> io.Int.Input:
    return io.Int.Input("frames", default=81, min=0, max=MOST_FRAMES, tooltip=tooltip)


def frame_rate_input(tooltip: str) -> io.Float.Input:
    return io.Float.Input("frame_rate", default=0.0, min=0.0, max=240.0, step=0.1, tooltip=tooltip)


def action_outputs() -> list[io.Output]:
    """The actions, and their frame rate, which no widget says where it is 0."""
    return [
        ActionsSocket.Output(
            id="actions", display_name="actions", tooltip="Keys and axes of every agent, one row per video frame."
        ),
        io.Float.Output(
            id="frame_rate",
            display_name="frame_rate",
            tooltip="Frames per second of the actions, and so of the video: for Create Video.",
        ),
    ]


def scripted_actions(script: str, layout: str, frames: int, frame_rate: float, agents: str, cameras: str) -> Actions:
    """Actions of a script, as the inputs of Action Script say.

    Raises:
        ValueError: naming the line of the script or of the cameras.
    """
    kind = find_layout(str(layout))
    names = None if kind.agent_names is not None else split_names(agents) or None
    actions = parse_action_script(script, kind, names, frames or None, frame_rate or None)
    extra = next((extra for extra in kind.extras if extra.name == CAMERA), None)
    if extra is None:
        if cameras.strip():
            raise ValueError(f"Layout '{kind.name}' takes no cameras; leave them empty or choose another layout.")
        return actions
    try:
        values = parse_extra(cameras, extra)
    except ValueError as error:
        raise ValueError(f"cameras, {error}") from error
    return actions if values is None else actions.with_extra(CAMERA, values)


class ActionScript(io.ComfyNode):
    """Actions as a person types them."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        titles = "; ".join(f"{layout.name}: {layout.title}" for layout in all_layouts().values())
        return io.Schema(
            node_id="SharedWorldActionScript",
            display_name="Action Script",
            category=CATEGORY,
            description=(
                "Actions of all agents from typed text: an agent and a colon, then frames and what is done in them, such "
                "as left: 0-40: W+D, look 0.3 0. Frames that nobody names are idle."
            ),
            search_aliases=["keyboard", "controls", "wasd", "robot joints", "multiworld actions"],
            inputs=[
                io.String.Input(
                    "script",
                    multiline=True,
                    default=EXAMPLE_SCRIPT,
                    tooltip="One entry per line: frames, a colon, then keys and axes joined by + or a comma. A name and a "
                    "colon above say whose they are; 'all:' is everybody. '#' starts a comment.",
                ),
                io.Combo.Input(
                    "layout",
                    options=list(all_layouts()),
                    tooltip=f"Which keys and axes there are; it must be the network's. {titles}.",
                ),
                frames_input(
                    "Number of frames. MultiWorld takes 81, and 80 more for every further chunk of a rollout (161, "
                    "241). 0: up to the last frame that the script names."
                ),
                frame_rate_input(
                    f"Frames per second. 0: those of the data that the layout comes from, {layout_frame_rates()}."
                ),
                io.String.Input(
                    "agents",
                    default=EXAMPLE_AGENTS,
                    optional=True,
                    tooltip="Names of the agents, separated by commas; empty: as many as the script's 'agent 1:', 'agent "
                    "2:' say. Not used where the layout has its own, as it_takes_two with left and right.",
                ),
                io.String.Input(
                    "cameras",
                    multiline=True,
                    default="",
                    optional=True,
                    advanced=True,
                    tooltip="Cameras of panda, one view per line: fx fy cx cy in pixels, then twelve extrinsic numbers. "
                    "Empty for none; other layouts take none.",
                ),
            ],
            outputs=action_outputs(),
        )

    @classmethod
    def validate_inputs(
        cls,
        script: str | None = None,
        layout: str | None = None,
        frames: int | None = None,
        agents: str | None = EXAMPLE_AGENTS,
        cameras: str | None = "",
    ) -> bool | str:
        if script is None or layout is None or agents is None or cameras is None:  # linked: not known before the run
            return True
        if not isinstance(frames, int):  # linked as well, or no number, which ComfyUI says itself
            return True
        if not 0 <= frames <= MOST_FRAMES:
            return f"Actions have 1 to {MOST_FRAMES} frames, or 0 for those that the script names, given {frames}."
        try:
            scripted_actions(script, layout, frames, 0.0, agents, cameras)
        except ValueError as error:
            return str(error)
        return True

    @classmethod
    def execute(
        cls,
        script: str,
        layout: str,
        frames: int,
        frame_rate: float,
        agents: str = EXAMPLE_AGENTS,
        cameras: str = "",
    ) -> io.NodeOutput:
        actions = scripted_actions(script, layout, frames, frame_rate, agents, cameras)
        return io.NodeOutput(actions, actions.frame_rate)


def cut_frames(actions: Actions, file: str, start: int, frames: int) -> Actions:
    """So many frames from `start` on, all that follow if `frames` is 0.

    Raises:
        ValueError: if there are fewer, with the number of frames that are missing.
    """
    available = actions.frame_count - start
    if available < 1:
        raise ValueError(
            f"{file}: start_frame {start} does not exist; the file has frames 0 to {actions.frame_count - 1}."
        )
    missing = frames - available
    if missing > 0:
        raise ValueError(
            f"{file}: {frames} frames from frame {start} on are asked for, the file has {available} there: "
            f"{missing} frame{'s are' if missing > 1 else ' is'} missing; ask for at most {available} or start earlier."
        )
    return actions.select_frames(range(start, start + (frames or available)))


class LoadActionsFile(io.ComfyNode):
    """Actions from a file of ComfyUI's input folder."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldLoadActionsFile",
            display_name="Load Actions File",
            category=CATEGORY,
            description="Actions from a file in ComfyUI's input folder: a recording of a game, or joint positions of robots.",
            search_aliases=["recording", "gamepad", "keyboard log", "robot joints", "npy", "csv"],
            inputs=[
                io.Combo.Input(
                    "file",
                    options=input_files(SUFFIXES),
                    tooltip="File in ComfyUI's input folder (press R after copying a new one there). "
                    + "; ".join(f"{suffix}: {content}" for suffix, content in SUFFIXES.items())
                    + ".",
                ),
                io.Int.Input(
                    "start_frame",
                    default=0,
                    min=0,
                    max=10**7,
                    tooltip="First frame that is taken. Frames count from 0.",
                ),
                frames_input(
                    "Number of frames from start_frame on; 0 takes all that follow. MultiWorld takes 81, and 80 more "
                    "for every further chunk of a rollout. Nothing is repeated where the file is too short."
                ),
                frame_rate_input(
                    "Frames per second that the rows count as; they are never resampled. 0: what the file says, or "
                    f"else {layout_frame_rates()}."
                ),
                io.String.Input(
                    "camera_files",
                    default="",
                    optional=True,
                    tooltip="For .npy only: one .npy file of the input folder per view, in the order of the views, separated "
                    "by commas. Each holds fx fy cx cy in pixels and twelve extrinsic numbers.",
                ),
            ],
            outputs=action_outputs(),
        )

    @classmethod
    def validate_inputs(cls, file: str | None = None, camera_files: str | None = "") -> bool | str:
        return refusal([] if file is None else [file], camera_files)

    @classmethod
    def fingerprint_inputs(cls, file: str | None = None, camera_files: str | None = "", **_: object) -> Fingerprint:
        return fingerprint(file, camera_files)

    @classmethod
    def execute(
        cls, file: str, start_frame: int, frames: int, frame_rate: float, camera_files: str = ""
    ) -> io.NodeOutput:
        cameras = [contained_input(name) for name in split_names(camera_files)]
        actions = cut_frames(read_actions(contained_input(file), None, cameras), file, start_frame, frames)
        if frame_rate:
            actions = replace(actions, frame_rate=frame_rate)
        return io.NodeOutput(actions, actions.frame_rate)


class PreviewActions(io.ComfyNode):
    """A picture of actions."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldPreviewActions",
            display_name="Preview Actions",
            category=CATEGORY,
            description="Picture of what each agent does over time: keys as bars, axes as curves.",
            search_aliases=["plot", "timeline", "keys", "action track"],
            is_output_node=True,
            inputs=[
                ActionsSocket.Input("actions", tooltip="Actions to draw, one block per agent."),
                io.Int.Input(
                    "mark_frame",
                    default=-1,
                    min=-1,
                    max=10**7,
                    tooltip="Frame that is marked with an upright line, such as the first of a chunk; -1 marks none.",
                ),
                io.Int.Input(
                    "width",
                    default=960,
                    min=SMALLEST_WIDTH,
                    max=4096,
                    tooltip="Width of the picture in pixels; the height follows from the agents and the layout.",
                ),
            ],
            outputs=[
                io.Image.Output(id="picture", display_name="picture", tooltip="The picture as IMAGE, for Save Image.")
            ],
        )

    @classmethod
    def execute(cls, actions: Actions, mark_frame: int, width: int) -> io.NodeOutput:
        picture = draw_actions(actions, width, None if mark_frame < 0 else mark_frame)[None]
        return io.NodeOutput(picture, ui=ui.PreviewImage(picture, cls=cls))
