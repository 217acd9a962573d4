"""The node that tells MultiWorld what its agents do and where every view begins."""

from typing import Any

import torch
from comfy_api.latest import io
from torch import Tensor

from ..models.vggt.comfyui import GlobalStateEncoder
from ..sampling.multiworld import GUIDANCE, NOTHING, SIDE_FACTOR, multiworld_conditioning
from ..world.actions import Actions
from .conditioning import CATEGORY
from .growing_inputs import in_order
from .sockets import ActionsSocket, GlobalStateEncoderSocket

PREFIX = "view"


def clip_inputs() -> list[io.Input]:
    """First frames and size of a clip."""
    first_frame = io.Image.Input(
        PREFIX, tooltip="First frame of one view; a batch of pictures counts as several views."
    )
    return [
        io.Autogrow.Input(
            "first_frames",
            template=io.Autogrow.TemplatePrefix(first_frame, prefix=PREFIX, min=1, max=16),
            tooltip="First frames of all views, of one size. It Takes Two: the left player's, then the right player's. "
            "Together they also tell what the world looks like.",
        ),
        io.Boolean.Input(
            "split_screen",
            default=False,
            tooltip="Cuts each picture into a left and a right half, two views: for frames of a split-screen game.",
        ),
        io.Int.Input(
            "width",
            default=480,
            min=SIDE_FACTOR,
            max=4096,
            step=SIDE_FACTOR,
            tooltip="Width in pixels of each view's video; first frames are scaled to it. It Takes Two 480, robots 320.",
        ),
        io.Int.Input(
            "height",
            default=480,
            min=SIDE_FACTOR,
            max=4096,
            step=SIDE_FACTOR,
            tooltip="Height in pixels of each view's video. It Takes Two 480, robots 256.",
        ),
    ]


def guidance_input() -> io.Combo.Input:
    return io.Combo.Input(
        "guidance_against",
        options=list(GUIDANCE),
        default=NOTHING,
        advanced=True,
        tooltip="What a cfg above 1 pushes away from. MultiWorld is published without guidance: 'nothing' costs no second "
        "evaluation. 'null actions' is ours and for It Takes Two only: the all-ones actions of its training.",
    )


class MultiWorldConditioning(io.ComfyNode):
    """Actions and first frames to conditioning and a LATENT."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldMultiWorldConditioning",
            display_name="MultiWorld Conditioning",
            category=CATEGORY,
            description=(
                "What MultiWorld is told: the actions of all agents, the state of the world, and the first frame of every "
                "view. Also makes the LATENT with one branch per view. There is no prompt: the model was trained without."
            ),
            search_aliases=["image to video", "i2v", "first frame", "it takes two", "robots"],
            inputs=[
                io.Vae.Input("vae", tooltip="Wan 2.2's VAE (wan2.2_vae.safetensors); encodes each first frame."),
                GlobalStateEncoderSocket.Input(
                    "global_state_encoder",
                    tooltip="From Load Global State Encoder; sees the first frames of all views.",
                ),
                ActionsSocket.Input(
                    "actions", tooltip="Actions of all agents, one row per video frame; longer ones are cut."
                ),
                *clip_inputs(),
                io.Int.Input(
                    "frames",
                    default=81,
                    min=1,
                    max=4097,
                    step=4,
                    tooltip="Frames of the videos, 4k + 1. MultiWorld was trained on 81; for more see World Rollout.",
                ),
                guidance_input(),
            ],
            outputs=[
                io.Conditioning.Output(
                    id="positive", display_name="positive", tooltip="With actions and the state of the world."
                ),
                io.Conditioning.Output(
                    id="negative", display_name="negative", tooltip="Equal to positive unless guidance is chosen."
                ),
                io.Latent.Output(
                    id="latent",
                    display_name="latent",
                    tooltip="One batch item per view, with its first frame; all views get the same noise.",
                ),
            ],
        )

    @classmethod
    def execute(
        cls,
        vae: Any,
        global_state_encoder: GlobalStateEncoder,
        actions: Actions,
        first_frames: dict[str, Tensor | None],
        split_screen: bool,
        width: int,
        height: int,
        frames: int,
        guidance_against: str,
    ) -> io.NodeOutput:
        pictures = first_pictures(first_frames, split_screen)
        return io.NodeOutput(
            *multiworld_conditioning(
                global_state_encoder, vae, pictures, actions, frames, width, height, guidance_against
            )
        )


def first_pictures(first_frames: dict[str, Tensor | None], split_screen: bool) -> Tensor:
    """First frames of all views, (views, height, width, 3), halves of a split screen from left to right.

    Raises:
        ValueError: naming the input, if a first frame is missing between others or of another size than the first.
    """
    ordered = []
    for number, batch in enumerate(in_order(first_frames, PREFIX) or [None]):
        if batch is None:
            raise ValueError(
                f"The first frame of view {number + 1} is missing (input '{PREFIX}{number}'); connect a picture for "
                "every view, without a gap."
            )
        ordered.append(batch[..., :3])
    if split_screen:
        ordered = [torch.stack(halves(batch, number), dim=1).flatten(0, 1) for number, batch in enumerate(ordered)]
    expected = ordered[0].shape[1:3]
    for number, batch in enumerate(ordered):
        if batch.shape[1:3] != expected:
            raise ValueError(
                f"The first frames at '{PREFIX}{number}' have {batch.shape[2]}x{batch.shape[1]} pixels, those at "
                f"'{PREFIX}0' {expected[1]}x{expected[0]}; scale all views to one size."
            )
    return torch.cat(ordered)


def halves(batch: Tensor, number: int) -> tuple[Tensor, Tensor]:
    """Left and right half of (pictures, height, width, 3). Raises ValueError for an odd width."""
    width = batch.shape[2]
    if width % 2:
        raise ValueError(
            f"The picture at '{PREFIX}{number}' is {width} pixels wide and cannot be halved; crop it to {width - 1}."
        )
    return batch[:, :, : width // 2], batch[:, :, width // 2 :]
