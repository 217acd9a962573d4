"""The node that looks for wrong conventions in agents."""

import logging
from collections.abc import Mapping
from typing import Any, get_args

from comfy_api.latest import io, ui

from ..world.agents import Agents
from ..world.plausibility import KnownLength, check_agents, check_picture
from ..world.plausibility.scale import KnownKind
from .agents import CATEGORY, shown_frame
from .sockets import AgentsSocket

NOTHING = "nothing"

logger = logging.getLogger(__name__)


def known_length_options() -> list[io.DynamicCombo.Option]:
    """What the user may know, for each kind of length."""
    metres = io.Float.Input(
        "metres", default=1.6, min=0.0001, max=1000000.0, step=0.01, tooltip="How long it is in metres."
    )
    agent = io.String.Input("agent", default="", tooltip="Name of the agent it is measured at; empty takes the first.")
    other = io.String.Input("other", default="", tooltip="Name of the other agent; empty takes the second.")
    height, path, distance = get_args(KnownKind)
    return [
        io.DynamicCombo.Option(NOTHING, []),
        io.DynamicCombo.Option(height, [metres, agent]),
        io.DynamicCombo.Option(path, [metres, agent]),
        io.DynamicCombo.Option(distance, [metres, agent, other]),
    ]


class CheckAgents(io.ComfyNode):
    """A report on agents, with warnings where another convention fits better."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldCheckAgents",
            display_name="Check Agents",
            category=CATEGORY,
            description=(
                "Reports on cameras' up, height, speed, direction and common view, and warns if the same numbers would be "
                "far more plausible when read another way, as with other axes or units. It changes nothing."
            ),
            search_aliases=[
                "validate",
                "convention",
                "w2c",
                "c2w",
                "opengl",
                "opencv",
                "y up",
                "z up",
                "scale",
                "axes",
            ],
            is_output_node=True,
            inputs=[
                AgentsSocket.Input("agents", tooltip="Agents to check, from any source."),
                io.DynamicCombo.Input(
                    "known_length",
                    options=known_length_options(),
                    tooltip="A length that you know in this world, to find out whether one unit is one metre.",
                ),
                io.Int.Input(
                    "frame",
                    default=0,
                    min=-4096,
                    max=4096,
                    tooltip="Frame at which the map is drawn; -1 is the last one.",
                ),
                io.Int.Input(
                    "size",
                    default=640,
                    min=256,
                    max=2048,
                    tooltip="Height of the picture in pixels; it is twice as wide.",
                ),
            ],
            outputs=[
                io.String.Output(
                    id="report",
                    display_name="report",
                    tooltip="Warnings first, then a line for each agent and each pair; for Preview as Text.",
                ),
                io.Image.Output(
                    id="picture",
                    display_name="picture",
                    tooltip="The map from above, the cameras from the side with their up, and the warnings.",
                ),
                io.Int.Output(
                    id="warnings", display_name="warnings", tooltip="Number of warnings; 0 if nothing looks wrong."
                ),
            ],
        )

    @classmethod
    def execute(
        cls, agents: Agents, frame: int, size: int, known_length: Mapping[str, Any] | None = None
    ) -> io.NodeOutput:
        if known_length is None:  # ComfyUI leaves this kind of choice out where it does not know the value
            known = ", ".join(option.key for option in known_length_options())
            raise ValueError(f"The known length is none of those that there are; choose {known}.")
        values = dict(known_length)
        kind = values.pop("known_length")
        report = check_agents(agents, None if kind == NOTHING else KnownLength(kind, **values))
        for warning in report.warnings:
            logger.warning("Check Agents: %s", warning)
        picture = check_picture(agents, shown_frame(agents, frame), size, report.warnings)[None]
        shown = ui.PreviewImage(picture, cls=cls).as_dict() | ui.PreviewText(report.text).as_dict()
        return io.NodeOutput(report.text, picture, len(report.warnings), ui=shown)
