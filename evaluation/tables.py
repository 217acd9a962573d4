"""The tables of an evaluation, in Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..world.metrics.regions import NOBODY_SAW, OTHER_CAR, PARTNER_SAW, SEEN
from ..world.metrics.table import COLUMNS, markdown_differences, markdown_table
from .measured import Measurement, Numbers
from .settings import FROZEN, ORACLE, RECONSTRUCTION, TRUTH, WRONG_PARTNER

COLUMN_MEANINGS = {
    "psnr": "per agent and frame over its views, then averaged; the given first frame does not count, here and below",
    "ssim": "structural similarity per view and frame, Gaussian window of 11x11",
    "lpips": "perceptual distance, AlexNet",
    "psnr_last_frame": "PSNR of the last frame alone",
    f"psnr_{SEEN}": "on buildings that the agent saw in its own first frame",
    f"psnr_{PARTNER_SAW}": "on buildings that only another agent saw in its first frame",
    f"psnr_{NOBODY_SAW}": "on buildings that no agent saw in a first frame",
    f"psnr_{OTHER_CAR}": "on the other agent's car",
    "car_hit_rate": "share of the other car's pixels that are nearer to the truth than to the view without the car",
    "car_overlap": "intersection over union of the other car's shape with the largest spot of its colour",
    "car_centroid_error": "distance of these two shapes' centres, where there is such a spot",
    "car_colour_error": "distance in RGB of the mean colours, generated and true, of the pixels where the other car is",
    "consistency_error": "difference between the agents' errors at points that both see at once",
    "raw_consistency_error": "difference between the agents' colours at points that both see alike",
    "temporal_flicker": "one minus the mean difference of consecutive frames, the first one included",
}

CONTROL_MEANINGS = {
    "_holistic": "the background of the condition videos is made of all frames of both agents, not of their first ones",
    "_without_depth": "there is no depth condition video",
    "_holistic_independent": "as `_independent`, with the holistic background",
    "_independent": "agents are not aligned with each other",
    "_wrong_identities": "agents are shown their own identity image in place of the other's: colours are swapped",
    "condition_video": "the RGB condition video itself, with holes, markers and no sky",
    WRONG_PARTNER: "each agent's own first frame is kept, the other agents' are taken from another town; the loss is "
    "what came from the other agents' first frames",
    ORACLE: "perfect geometry and the own first frame; other buildings in the mean colour of buildings in towns that "
    "are not evaluated, no other car",
    FROZEN: "the first frame all the time",
    RECONSTRUCTION: "the truth, encoded and decoded: the ceiling",
    TRUTH: "the truth itself",
}

POOLED = (
    "Region columns pool the squared error over the pixels of all clips; `±` is the standard error over clips, and a "
    "number in brackets says how many clips have the column."
)


@dataclass(frozen=True)
class ModelRow:
    """What is known about a model.

    Attributes:
        file: its name.
        parameters: their number.
        front_only: whether it generates front views alone.
        camera: what it is told about cameras.
        training: the entry `training` of its file.
        seconds: mean time that sampling and decoding one clip took.
    """

    file: str
    parameters: int
    front_only: bool
    camera: str
    training: Mapping[str, Any]
    seconds: float


def report(
    measurements: Mapping[str, Sequence[Measurement]],
    models: Mapping[str, ModelRow],
    baseline: str,
    heading: Sequence[str],
) -> str:
    """The whole report.

    Args:
        measurements: variant -> one per clip.
        models: by name.
        baseline: the model that others are compared with.
        heading: lines on what was evaluated and how.
    """
    all_views = {
        name: [clip.all_views for clip in clips if clip.all_views is not None]
        for name, clips in measurements.items()
        if clips[0].all_views is not None
    }
    parts = ["# Evaluation", *heading]
    if all_views:
        parts += ["## All views", *_tables(all_views, baseline)]
    if any(model.front_only for model in models.values()):
        front = {name: [clip.front for clip in clips] for name, clips in measurements.items()}
        note = (
            "Every variant measured on its front views alone. Whether a building was seen is decided from all four "
            "first views, for all variants alike."
        )
        parts += ["## Front view only", note, *_tables(front, baseline)]
    parts += ["## Models", _models_table(models), "## Rows and columns", POOLED, _meanings(measurements, models)]
    return "\n\n".join(parts) + "\n"


def _tables(results: Mapping[str, Sequence[Numbers]], baseline: str) -> list[str]:
    parts = [markdown_table(results)]
    compared = {name: clips for name, clips in results.items() if name not in (FROZEN, RECONSTRUCTION, TRUTH)}
    if baseline in compared and len(compared) > 1:
        parts += [f"Differences from `{baseline}`, paired by clip:", markdown_differences(compared, baseline)]
    return parts


def _models_table(models: Mapping[str, ModelRow]) -> str:
    lines = [
        "| model | file | parameters | views | camera | steps | hours | seconds per clip |",
        "| --- | --- | ---: | --- | --- | ---: | ---: | ---: |",
    ]
    for name, model in models.items():
        steps, hours = (model.training.get(entry, "-") for entry in ("steps", "hours"))
        views = "front" if model.front_only else "all"
        lines.append(
            f"| {name} | {model.file} | {model.parameters / 1e6:.2f} M | {views} | {model.camera} | {steps} | "
            f"{hours} | {model.seconds:.2f} |"
        )
    return "\n".join(lines)


def _meanings(measurements: Mapping[str, Sequence[Measurement]], models: Mapping[str, ModelRow]) -> str:
    others = [name for name in measurements if name not in models]
    rows = [f"- `{name}`: {CONTROL_MEANINGS[ending]}" for name in others if (ending := _ending(name))]
    present = {key for clips in measurements.values() for clip in clips for key in clip.front}
    columns = [f"- {column.title}: {COLUMN_MEANINGS[key]}" for key, column in COLUMNS.items() if key in present]
    return "\n".join(rows + columns)


def _ending(variant: str) -> str | None:
    """The entry of `CONTROL_MEANINGS` that explains a variant."""
    fitting = (ending for ending in CONTROL_MEANINGS if ending.startswith("_") and variant.endswith(ending))
    return variant if variant in CONTROL_MEANINGS else next(fitting, None)
