"""Generated views held against what the cameras really see."""

from typing import Any

from comfy_api.latest import io, ui
from torch import Tensor

from ..sampling.reconstruction import reconstruct_agents
from ..world.metrics.known_clip import KnownClip
from ..world.metrics.per_frame import frame_curves, write_curves
from ..world.metrics.perceptual import find_lpips
from ..world.metrics.report import clip_notes, clip_table, evaluate_with_controls, to_json
from ..world.metrics.view_lists import ViewNames, fit_to_length, names_of_list, stack_views
from ..world.tiles import TILE_LAYOUTS, TileLayout, join_images, split_images
from .sockets import GroundTruth, GroundTruthSocket
from .views import layout_input

CATEGORY = "Shared World/evaluation"

TRUTH, REFERENCE = "ground truth", "reference"


class EvaluateSharedWorld(io.ComfyNode):
    """Generated views in numbers."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldEvaluate",
            display_name="Evaluate Shared World",
            category=CATEGORY,
            description=(
                "Measures generated views against the truth of Pocket Town: pictures, buildings that only the partner saw, "
                "the other car, and whether the agents agree, beside controls that need no network. Or against any videos."
            ),
            search_aliases=["metrics", "psnr", "ssim", "lpips", "consistency", "benchmark"],
            is_input_list=True,
            is_output_node=True,
            inputs=[
                io.Image.Input(
                    "images", tooltip="Generated videos, agent by agent and view by view: images of Split Agents."
                ),
                layout_input(["2x2", "1x4", "1x1"]),
                GroundTruthSocket.Input(
                    "truth", optional=True, tooltip="What is known about the clip, from Pocket Town. Gives all metrics."
                ),
                io.Image.Input(
                    "reference",
                    optional=True,
                    tooltip="Videos to compare with, in the order of images, such as recordings. Gives PSNR, SSIM, LPIPS "
                    "and flicker only.",
                ),
                io.Vae.Input(
                    "vae",
                    optional=True,
                    tooltip="VAE of the model: adds what it makes of the true pictures alone, the ceiling of the model.",
                ),
            ],
            outputs=[
                io.String.Output(
                    id="table", display_name="table", tooltip="Markdown: the generated views beside the controls."
                ),
                io.String.Output(
                    id="metrics",
                    display_name="metrics",
                    tooltip="JSON with all numbers, those of regions and counts too.",
                ),
                io.String.Output(
                    id="curves",
                    display_name="curves",
                    tooltip="JSON with numbers of every frame, for Agents Player.",
                ),
            ],
        )

    @classmethod
    def execute(
        cls,
        images: list[Tensor],
        layout: list[str],
        truth: list[GroundTruth] | None = None,
        reference: list[Tensor] | None = None,
        vae: list[Any] | None = None,
    ) -> io.NodeOutput:
        if not truth and not reference:
            raise ValueError("There is nothing to compare with: connect truth of Pocket Town, or videos as reference.")
        tile = TILE_LAYOUTS[layout[0]]
        names = names_of_truth(truth, tile) if truth else names_of_list(len(images), tile.view_order)
        generated = stack_views(images, names, "The generated videos")
        known = {TRUTH: truth[0].known} if truth else {}
        if reference:
            known[REFERENCE] = KnownClip(stack_views(reference, names, "The reference videos"))
        numbers, texts, curves = {}, [], []
        for what, clip in known.items():
            shown = fit_to_length(generated, clip, names, f"the {what}")
            ceiling = reconstruction(vae[0], shown.truth, tile) if vae else None
            numbers[what] = evaluate_with_controls(generated, shown, find_lpips(), ceiling, what)
            texts.append(f"{len(names.agents)} agents, {generated.shape[1]} of {clip.truth.shape[1]} frames, {what}")
            texts.append(clip_table(numbers[what]))
            curves = curves or frame_curves(generated, shown, names.agents)
        notes = clip_notes(name for variants in numbers.values() for name in variants)
        text = "\n\n".join([*texts, notes])
        return io.NodeOutput(text, to_json(numbers), write_curves(curves), ui=ui.PreviewText(text))


def names_of_truth(truth: list[GroundTruth], layout: TileLayout) -> ViewNames:
    """Agents and views of the one ground truth. Raises ValueError if there are several, or the layout is another."""
    if len(truth) > 1:
        raise ValueError(f"One clip is evaluated at a time, given the truth of {len(truth)}; connect a single one.")
    agents = truth[0].agents
    views = agents.members[0].rig.view_names
    if len(views) != layout.slots:
        raise ValueError(
            f"Agent '{agents.names[0]}' has {len(views)} views ({', '.join(views)}) in the truth, a {layout.name} tile "
            f"{layout.slots}; choose the tile layout that the model works with."
        )
    return ViewNames(agents.names, views)


def reconstruction(vae: Any, truth: Tensor, layout: TileLayout) -> Tensor | None:
    """What a VAE makes of true views (agents, frames, views, height, width, 3) in tiles; see `reconstruct_agents`."""
    tiles = join_images(truth, layout, (layout.rows * truth.shape[3], layout.columns * truth.shape[4]))
    decoded = reconstruct_agents(vae, tiles)
    return None if decoded is None else split_images(decoded, layout)
