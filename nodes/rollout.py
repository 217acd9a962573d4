"""The node that rolls MultiWorld out over more than one chunk."""

import contextlib
import logging
from typing import Any

from comfy.cli_args import args
from comfy_api.latest import io, ui
from torch import Tensor

from ..models.multiworld.schedule import MULTIWORLD_SCHEDULER
from ..models.vggt.comfyui import GlobalStateEncoder
from ..sampling.joint import SamplerSettings, with_coupling
from ..sampling.rollout import Rollout, roll_out, whole_videos
from ..sampling.rollout_files import RolloutFolder
from ..sampling.videos import as_video
from ..world.actions import Actions, cut_chunks
from ..world.actions.chunks import CHUNK_FRAMES
from .multiworld import clip_inputs, first_pictures, guidance_input
from .rollout_folders import existing_folder, new_folder
from .sampling import CATEGORY, denoising_inputs
from .sockets import ActionsSocket, GlobalStateEncoderSocket

logger = logging.getLogger(__name__)

TOOLTIPS = {
    "seed": "Seed of the noise. As in the released program all views and all chunks start from the same noise.",
    "steps": "Denoising steps of each chunk; MultiWorld was published with 50, and 35 for its toy and robots files.",
    "cfg": "Guidance away from what guidance_against names. MultiWorld is published without: leave 1.",
    "sampler_name": "Sampling algorithm; MultiWorld was published with euler.",
    "scheduler": "Noise levels of the steps; multiworld is the released program's schedule.",
}


def sampler_inputs() -> list[io.WidgetInput]:
    """The joint sampler's, in MultiWorld's words; a rollout always runs the whole schedule."""
    inputs = [given for given in denoising_inputs() if given.id in TOOLTIPS]
    for given in inputs:
        given.tooltip = TOOLTIPS[given.id]
        if given.id == "scheduler":
            given.default = MULTIWORLD_SCHEDULER
    return inputs


def length_inputs() -> list[io.Input]:
    return [
        io.Int.Input(
            "chunks",
            default=0,
            min=0,
            max=10000,
            tooltip="How many chunks to make; n chunks of 81 frames make 80 n + 1 frames and take as many of action. 0 is as "
            "many as the actions last for.",
        ),
        io.Int.Input(
            "chunk_frames",
            default=CHUNK_FRAMES,
            min=5,
            max=4097,
            step=4,
            advanced=True,
            tooltip="Frames per chunk, 4k + 1; neighbours share one. MultiWorld was trained on 81.",
        ),
    ]


def file_inputs() -> list[io.Input]:
    return [
        io.String.Input(
            "filename_prefix",
            default="rollout/rollout",
            tooltip="Name of the new folder below the output folder, which gets a number; finished chunks are kept in it.",
        ),
        io.String.Input(
            "continue_from",
            default="",
            advanced=True,
            tooltip="Folder of an earlier rollout below the output folder, such as rollout/rollout_00001: its chunks are "
            "not sampled again, and new ones are added to it. Empty for a new rollout.",
        ),
    ]


class WorldRollout(io.ComfyNode):
    """First frames and long actions to one video per view."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldWorldRollout",
            display_name="World Rollout",
            category=CATEGORY,
            description=(
                "MultiWorld's videos of any length, chunk after chunk: each begins with the last frames of the one before, "
                "and the state of the world is read anew. Every finished chunk is kept in a folder at once."
            ),
            search_aliases=["long video", "autoregressive", "multiworld sampler", "it takes two", "robots"],
            is_output_node=True,
            hidden=[io.Hidden.unique_id, io.Hidden.prompt, io.Hidden.extra_pnginfo],
            inputs=[
                io.Model.Input("model", tooltip="A MultiWorld model from Load Multi-Agent Model."),
                io.Vae.Input("vae", tooltip="Wan 2.2's VAE (wan2.2_vae.safetensors)."),
                GlobalStateEncoderSocket.Input(
                    "global_state_encoder",
                    tooltip="From Load Global State Encoder; sees the first frames of all views, anew in every chunk.",
                ),
                ActionsSocket.Input(
                    "actions", tooltip="Actions of all agents, one row per video frame, for all chunks."
                ),
                *clip_inputs(),
                *length_inputs(),
                *sampler_inputs(),
                guidance_input(),
                io.Int.Input(
                    "agents_at_a_time",
                    default=0,
                    min=0,
                    max=64,
                    advanced=True,
                    tooltip="How many views go through the network at once; 0 is all. Fewer need less memory; results "
                    "differ by rounding only.",
                ),
                *file_inputs(),
            ],
            outputs=[
                io.Image.Output(
                    id="images", display_name="images", is_output_list=True, tooltip="All frames of each view."
                ),
                io.Video.Output(
                    id="videos",
                    display_name="videos",
                    is_output_list=True,
                    tooltip="The same as VIDEO, at the frame rate of the actions, for Save Video.",
                ),
                io.String.Output(
                    id="labels",
                    display_name="labels",
                    is_output_list=True,
                    tooltip="Name of each view: left and right in It Takes Two, else 'view 1' and so on.",
                ),
            ],
        )

    @classmethod
    def validate_inputs(cls, continue_from: str, first_frames: object = None) -> bool | str:
        """Refuse a wrong folder before the graph runs. ComfyUI hands over growing inputs, asked for or not."""
        try:
            if continue_from:  # None where it comes from another node
                existing_folder(continue_from)
        except ValueError as error:
            return str(error)
        return True

    @classmethod
    def execute(
        cls,
        model: Any,
        vae: Any,
        global_state_encoder: GlobalStateEncoder,
        actions: Actions,
        first_frames: dict[str, Tensor | None],
        split_screen: bool,
        width: int,
        height: int,
        chunks: int,
        chunk_frames: int,
        seed: int,
        steps: int,
        cfg: float,
        sampler_name: str,
        scheduler: str,
        guidance_against: str,
        agents_at_a_time: int,
        filename_prefix: str,
        continue_from: str,
    ) -> io.NodeOutput:
        rollout = Rollout(
            model=with_coupling(model, "all", agents_at_a_time),
            encoder=global_state_encoder,
            vae=vae,
            first_frames=first_pictures(first_frames, split_screen),
            chunks=tuple(cut_chunks(actions, chunks or None, chunk_frames)),
            width=width,
            height=height,
            settings=SamplerSettings(steps, cfg, sampler_name, scheduler),
            seed=seed,
            guidance_against=guidance_against,
        )
        folder = existing_folder(continue_from) if continue_from else new_folder(filename_prefix)
        images = list(whole_videos(run_chunks(rollout, folder, cls.hidden)))
        videos = [as_video(image, actions.frame_rate) for image in images]
        return io.NodeOutput(images, videos, view_labels(actions, len(images)), ui=ui.PreviewText(folder.name))


def run_chunks(rollout: Rollout, folder: RolloutFolder, hidden: Any) -> list[Tensor]:
    """The frames of all chunks, see `Chunk`; those that are not in the folder yet are made and put there."""
    done, total = folder.count_finished(rollout), len(rollout.chunks)
    running = roll_out(rollout, lambda number: folder.read_latents(number) if number < done else None)
    frames = []
    try:
        for number in range(1, total + 1):
            show_text(f"chunk {number} of {total}, {folder.name}", hidden)
            chunk = next(running)
            folder.keep(chunk, rollout, file_metadata(hidden))
            frames.append(chunk.frames)
            logger.info("Chunk %d of %d is in %s.", number, total, folder.name)
    finally:
        with contextlib.suppress(OSError):  # Removes the folder only if it is empty: if no chunk was finished.
            folder.path.rmdir()
    return frames


def view_labels(actions: Actions, views: int) -> list[str]:
    """The players' names where every view is a player's, else numbers."""
    players = actions.layout.agent_names or ()
    return list(players) if len(players) == views else [f"view {number}" for number in range(1, views + 1)]


def show_text(text: str, hidden: Any) -> None:
    """Show a line on the node while it runs."""
    if hidden is None or hidden.unique_id is None:
        return
    from server import PromptServer  # importable only where ComfyUI's server runs

    PromptServer.instance.send_progress_text(text, hidden.unique_id)


def file_metadata(hidden: Any) -> dict[str, Any]:
    """What ComfyUI's own nodes write into files, if the user has not turned it off."""
    if args.disable_metadata or hidden is None:
        return {}
    prompt = {} if hidden.prompt is None else {"prompt": hidden.prompt}
    return {**prompt, **(hidden.extra_pnginfo or {})}
