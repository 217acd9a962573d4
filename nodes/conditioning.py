"""Nodes that turn cameras and first frames into conditioning."""

from typing import Any

import torch
from comfy_api.latest import io, ui
from torch import Tensor

from ..models.shareverse.comfyui import AGENTS, RAYMAPS, raymap_options
from ..world.agents import Agents
from ..world.raymap_picture import raymap_picture
from ..world.raymaps import SPATIAL_FACTOR, RaymapOptions, build_raymaps
from ..world.tiles import TILE_LAYOUTS
from .growing_inputs import in_order
from .sockets import AgentsSocket, Raymaps, RaymapsSocket

CATEGORY = "Shared World/conditioning"

FROM_MODEL = "as trained"

FIRST_FRAME = "concat_latent_image"

PREFIX = "agent"


class RaymapBuilder(io.ComfyNode):
    """Camera paths to raymaps."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldRaymapBuilder",
            display_name="Raymap Builder",
            category=CATEGORY,
            description=(
                "Turns the agents' camera poses into raymaps: per latent pixel the direction and the origin of a ray, with "
                "the common centroid of all agents removed and four frames packed into the channels (ShareVerse, 4.2)."
            ),
            search_aliases=["camera embedding", "plucker", "rays"],
            is_output_node=True,
            inputs=[
                AgentsSocket.Input("agents", tooltip="All agents of the world, with 4k+1 frames."),
                io.Int.Input(
                    "width",
                    default=720,
                    min=16,
                    max=8192,
                    step=8,
                    tooltip="Width in pixels of an agent's tile, as in the first frame. ShareVerse 5B: 720.",
                ),
                io.Int.Input(
                    "height",
                    default=480,
                    min=16,
                    max=8192,
                    step=8,
                    tooltip="Height in pixels of an agent's tile. ShareVerse 5B: 480.",
                ),
                io.Combo.Input(
                    "rays",
                    options=[FROM_MODEL, "front", "per_tile"],
                    default=FROM_MODEL,
                    tooltip="front: rays of the front camera over the whole tile, the literal reading of the paper. "
                    "per_tile: every view its own rays. 'as trained' asks the model, or takes the paper's without one.",
                ),
                io.Combo.Input(
                    "packing",
                    options=[FROM_MODEL, "consecutive", "aether_padding", "aether_released"],
                    default=FROM_MODEL,
                    advanced=True,
                    tooltip="Which four frames a latent frame holds. consecutive: 0 0 0 0, 1 2 3 4, ... as in the paper; the "
                    "others are Aether's, which some checkpoints may follow.",
                ),
                io.Combo.Input(
                    "channels",
                    options=[FROM_MODEL, "frame_major", "channel_major"],
                    default=FROM_MODEL,
                    advanced=True,
                    tooltip="Order of the 24 channels: four frames of six values, or six values of four frames.",
                ),
                io.Combo.Input(
                    "layout",
                    options=[FROM_MODEL, *TILE_LAYOUTS],
                    default=FROM_MODEL,
                    advanced=True,
                    tooltip="Places of the views in the tile; matters for per_tile rays.",
                ),
                io.Model.Input("model", optional=True, tooltip="Its checkpoint says how raymaps are laid out."),
            ],
            outputs=[
                RaymapsSocket.Output(
                    display_name="raymaps", tooltip="Raymaps of all agents, for ShareVerse Conditioning."
                ),
                io.Image.Output(
                    display_name="picture", tooltip="Directions and origins as colours, per agent and latent frame."
                ),
            ],
        )

    @classmethod
    def execute(
        cls,
        agents: Agents,
        width: int,
        height: int,
        rays: str,
        packing: str,
        channels: str,
        layout: str,
        model: Any = None,
    ) -> io.NodeOutput:
        trained = raymap_options(model) if model is not None else RaymapOptions()
        options = RaymapOptions(
            layout=trained.layout if rays == FROM_MODEL else rays,
            packing=trained.packing if packing == FROM_MODEL else packing,
            channel_layout=trained.channel_layout if channels == FROM_MODEL else channels,
            view_layout=trained.view_layout if layout == FROM_MODEL else TILE_LAYOUTS[layout],
            origin_compression=trained.origin_compression,
        )
        values = build_raymaps(agents, options, height // SPATIAL_FACTOR, width // SPATIAL_FACTOR)
        picture = raymap_picture(values, options, agents.names)[None]
        return io.NodeOutput(Raymaps(values, agents.names, options), picture, ui=ui.PreviewImage(picture, cls=cls))


class ShareVerseConditioning(io.ComfyNode):
    """First frames and raymaps to conditioning and an empty LATENT."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        first_frame = io.Image.Input(
            "first_frame", tooltip="First tile of one agent; a batch of pictures counts as several agents."
        )
        return io.Schema(
            node_id="SharedWorldShareVerseConditioning",
            display_name="ShareVerse Conditioning",
            category=CATEGORY,
            description=(
                "What ShareVerse is told: the first tile of every agent and the raymaps. Also makes the empty LATENT with "
                "one branch per agent. Text is not used: the model was trained with an empty prompt."
            ),
            search_aliases=["image to video", "i2v", "first frame"],
            inputs=[
                io.Vae.Input("vae", tooltip="CogVideoX's VAE; encodes each first frame on its own."),
                RaymapsSocket.Input(
                    "raymaps", tooltip="Raymaps of all agents; their size decides the size of the videos."
                ),
                io.Autogrow.Input(
                    "first_frames",
                    template=io.Autogrow.TemplatePrefix(first_frame, prefix=PREFIX, min=1, max=16),
                    tooltip="First tiles in the order of the agents in the raymaps, each of the raymaps' width and height.",
                ),
                io.Combo.Input(
                    "guidance_against",
                    options=["nothing", "no first frames", "no raymaps"],
                    default="nothing",
                    tooltip="What a cfg above 1 pushes away from. 'nothing' makes both conditionings equal, as the paper's "
                    "empty prompt does, and costs no second evaluation; the others are ours.",
                ),
                io.Conditioning.Input(
                    "empty_prompt",
                    optional=True,
                    tooltip="T5 encoding of an empty text (CLIP Text Encode with CogVideoX's T5). Published weights were "
                    "trained with it; left open, zeros are used.",
                ),
            ],
            outputs=[
                io.Conditioning.Output(
                    id="positive", display_name="positive", tooltip="With first frames and raymaps."
                ),
                io.Conditioning.Output(
                    id="negative", display_name="negative", tooltip="Equal to positive unless guidance is chosen."
                ),
                io.Latent.Output(id="latent", display_name="latent", tooltip="Empty, one batch item per agent."),
            ],
        )

    @classmethod
    def execute(
        cls,
        vae: Any,
        raymaps: Raymaps,
        first_frames: dict[str, Tensor | None],
        guidance_against: str,
        empty_prompt: list | None = None,
    ) -> io.NodeOutput:
        agents, _, frames, height, width = raymaps.values.shape
        pictures = first_pictures(first_frames, raymaps, height * SPATIAL_FACTOR, width * SPATIAL_FACTOR)
        encoded = torch.cat([vae.encode(picture[None]) for picture in pictures])
        text, extras = empty_prompt[0] if empty_prompt else (None, {})
        told = {**extras, AGENTS: agents, RAYMAPS: raymaps.values, FIRST_FRAME: encoded}
        positive = [[text, told]]
        negative = positive
        if guidance_against == "no first frames":
            negative = [[text, {**told, FIRST_FRAME: torch.zeros_like(encoded)}]]
        elif guidance_against == "no raymaps":
            negative = [[text, {**told, RAYMAPS: torch.zeros_like(raymaps.values)}]]
        empty = torch.zeros(agents, encoded.shape[1], frames, height, width)
        return io.NodeOutput(positive, negative, {"samples": empty})


def first_pictures(first_frames: dict[str, Tensor | None], raymaps: Raymaps, height: int, width: int) -> list[Tensor]:
    """One (height, width, 3) picture per agent.

    Raises:
        ValueError: naming the agent, if a first frame is missing, surplus, or of another size than the raymaps.
    """
    # An open socket before a connected one stands for a missing picture, if there are too few.
    places = [
        picture for batch in in_order(first_frames, PREFIX) for picture in ([None] if batch is None else batch[..., :3])
    ]
    given = [picture for picture in places if picture is not None]
    names = raymaps.names
    if len(given) < len(names):
        without = [number >= len(places) or places[number] is None for number in range(len(names))]
        missing = ", ".join(f"'{name}'" for name, none in zip(names, without, strict=True) if none)
        raise ValueError(
            f"The first frame of agent {missing} is missing: the raymaps hold {len(names)} agents, given {len(given)} "
            "first frames; connect one tile per agent."
        )
    if len(given) > len(names):
        raise ValueError(
            f"{len(given)} first frames are given for {len(names)} agents ({', '.join(names)}); connect one tile per "
            "agent, a single picture each."
        )
    for name, picture in zip(names, given, strict=True):
        if tuple(picture.shape[:2]) != (height, width):
            raise ValueError(
                f"The first frame of agent '{name}' is {picture.shape[1]}x{picture.shape[0]} pixels, the raymaps are for "
                f"{width}x{height}; resize the picture, or build the raymaps for its size."
            )
    return given
