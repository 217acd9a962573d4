"""Nodes that tell MetaWorld what its agents see of the scene and what they look like."""

from typing import Any

from comfy_api.latest import io
from torch import Tensor

from ..sampling.identity_pictures import identity_pictures
from ..sampling.metaworld import GUIDANCE, NO_IDENTITIES, SIDE_FACTOR, metaworld_conditioning
from .conditioning import CATEGORY
from .growing_inputs import in_order
from .sockets import ConditionVideos, ConditionVideosSocket

PREFIX = "agent"


class AgentIdentity(io.ComfyNode):
    """A picture of a subject to an identity image."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldAgentIdentity",
            display_name="Agent Identity",
            category=CATEGORY,
            description=(
                "Cuts an agent out of a picture and puts it, as large as fits, in the middle of a white canvas: the form in "
                "which MetaWorld is shown what the other agents look like."
            ),
            search_aliases=["reference image", "subject", "phantom", "white background", "crop"],
            inputs=[
                io.Image.Input(
                    "image", tooltip="Picture of the agent. A batch gives several identity images of the same agent."
                ),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="White on the agent, of the picture's size. Left open, the whole picture is taken, or what its "
                    "opacity leaves of it.",
                ),
                io.Int.Input(
                    "width",
                    default=832,
                    min=SIDE_FACTOR,
                    max=4096,
                    step=SIDE_FACTOR,
                    tooltip="Width of the canvas in pixels; best that of the videos. MetaWorld: 832.",
                ),
                io.Int.Input(
                    "height",
                    default=480,
                    min=SIDE_FACTOR,
                    max=4096,
                    step=SIDE_FACTOR,
                    tooltip="Height of the canvas in pixels. MetaWorld: 480.",
                ),
                io.MultiType.Input(
                    "brightness_of",
                    types=[io.Image, ConditionVideosSocket],
                    optional=True,
                    tooltip="Gives the agent the mean lightness of these pictures or condition videos: for a picture taken in "
                    "other light than the scene's. Black pixels do not count.",
                ),
            ],
            outputs=[
                io.Image.Output(display_name="identity", tooltip="For an agent's input of MetaWorld Conditioning.")
            ],
        )

    @classmethod
    def execute(
        cls,
        image: Tensor,
        width: int,
        height: int,
        mask: Tensor | None = None,
        brightness_of: Tensor | ConditionVideos | None = None,
    ) -> io.NodeOutput:
        if isinstance(brightness_of, ConditionVideos):
            brightness_of = brightness_of.rgb.flatten(0, 1)
        return io.NodeOutput(identity_pictures(image, mask, width, height, brightness_of))


class MetaWorldConditioning(io.ComfyNode):
    """Condition videos and identity images to conditioning and an empty LATENT."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        # Optional, so that any agent may be left without.
        identity = io.Image.Input(
            PREFIX, optional=True, tooltip="Identity images of one agent; a batch is several of the same agent."
        )
        return io.Schema(
            node_id="SharedWorldMetaWorldConditioning",
            display_name="MetaWorld Conditioning",
            category=CATEGORY,
            description=(
                "What MetaWorld is told: what every agent's camera sees of the scene, and what the other agents look like. "
                "Also makes the empty LATENT with one branch per agent."
            ),
            search_aliases=["phantom", "wan", "identity", "reference image", "depth"],
            inputs=[
                io.Vae.Input(
                    "vae",
                    tooltip="Wan 2.1's VAE (wan_2.1_vae.safetensors), or the one that the checkpoint was trained with.",
                ),
                ConditionVideosSocket.Input(
                    "condition_videos",
                    tooltip="From Render Condition Videos: colour and depth of every agent's view. Their size and length are "
                    "those of the videos.",
                ),
                io.Autogrow.Input(
                    "identities",
                    template=io.Autogrow.TemplatePrefix(identity, prefix=PREFIX, min=2, max=16),
                    tooltip="What each agent looks like, in the order of the agents; every agent is shown all others. Any may "
                    "be left open: without identities agents roam through the scene freely.",
                ),
                io.Combo.Input(
                    "guidance_against",
                    options=list(GUIDANCE),
                    default=NO_IDENTITIES,
                    tooltip="What a cfg above 1 pushes away from. 'no identities' is the release's guidance, at cfg 5; "
                    "'nothing' makes both conditionings equal and costs no second evaluation.",
                ),
                io.Boolean.Input(
                    "with_depth",
                    default=True,
                    advanced=True,
                    tooltip="Off leaves the depth videos out, for checkpoints that take colour alone.",
                ),
                io.Image.Input(
                    "subjects",
                    optional=True,
                    tooltip="Identity images of subjects that have no video of their own and are seen by all agents.",
                ),
                io.Conditioning.Input(
                    "prompt",
                    optional=True,
                    tooltip="T5 encoding of a text (Load CLIP, type wan). MetaWorld was trained with an empty one; "
                    "left open, zeros are used.",
                ),
            ],
            outputs=[
                io.Conditioning.Output(
                    id="positive", display_name="positive", tooltip="With condition videos and identities."
                ),
                io.Conditioning.Output(
                    id="negative",
                    display_name="negative",
                    tooltip="The same, without identities unless guidance is off.",
                ),
                io.Latent.Output(id="latent", display_name="latent", tooltip="Empty, one batch item per agent."),
            ],
        )

    @classmethod
    def execute(
        cls,
        vae: Any,
        condition_videos: ConditionVideos,
        guidance_against: str,
        with_depth: bool = True,
        identities: dict[str, Tensor | None] | None = None,
        subjects: Tensor | None = None,
        prompt: list | None = None,
    ) -> io.NodeOutput:
        depth = condition_videos.depth if with_depth else None
        given = in_order(identities or {}, PREFIX)
        return io.NodeOutput(
            *metaworld_conditioning(
                vae, condition_videos.rgb, depth, condition_videos.names, given, subjects, guidance_against, prompt
            )
        )
