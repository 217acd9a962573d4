"""How good every frame of a clip is, as curves to draw under its videos."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from .known_clip import KnownClip
from .localisation import car_hits
from .photometric import POINTS_AT_A_TIME
from .pictures import psnr

VERSION = 1


@dataclass(frozen=True)
class Curve:
    """A number per frame.

    Attributes:
        title: what it is, for people.
        unit: of the values, empty where they have none.
        values: one per frame; NaN where there was nothing to measure, as in frame 0, which is given.
        agent: index of the agent it belongs to; None for all of them together.
    """

    title: str
    unit: str
    values: tuple[float, ...]
    agent: int | None = None


@torch.no_grad()
def frame_curves(generated: Tensor, known: KnownClip, names: Sequence[str]) -> list[Curve]:
    """PSNR of every agent, and where the clip is known well enough, how far agents differ and how much of cars is hit.

    The same numbers as `evaluate_clip` gives for a clip: averaged over frames 1.. the PSNR curves of all agents are its
    `psnr`.

    Args:
        generated: (agents, frames, views, height, width, 3) in 0..1, as many frames as are known.
        known: the clip.
        names: of the agents.
    """
    generated = generated.to(known.truth)
    per_agent = psnr(generated.flatten(2, 3), known.truth.flatten(2, 3))
    curves = [
        Curve(f"PSNR {name}", "dB", (math.nan, *values.tolist()), agent)
        for agent, (name, values) in enumerate(zip(names, per_agent[:, 1:], strict=True))
    ]
    if known.shared_points is not None:
        differences = differences_by_frame(generated[:, 1:] - known.truth[:, 1:], known)
        curves.append(Curve("agents differ beyond truth", "", (math.nan, *differences)))
    if known.covered is not None and known.without_others is not None:
        curves.append(Curve("other car hit", "", (math.nan, *_hit_rates(generated, known))))
    return curves


def differences_by_frame(errors: Tensor, known: KnownClip) -> list[float]:
    """Mean absolute difference between the errors of two agents at the points that both see, for frames 1...

    As `photometric_consistency` with the truth; NaN for a frame without such points.

    Args:
        errors: (agents, frames - 1, views, height, width, 3), generated minus true.
        known: the clip, with shared points.
    """
    assert known.shared_points is not None
    frames = errors.shape[1]
    pixels = math.prod(errors.shape[2:5])
    total, count = torch.zeros(2, frames, dtype=torch.float64)
    for part in known.shared_points.split(POINTS_AT_A_TIME):
        difference = (errors.reshape(-1, 3)[part.pixels] - part.interpolate(errors)).abs().double().mean(-1).cpu()
        frame = (part.pixels.cpu() // pixels) % frames
        total.index_add_(0, frame, difference)
        count.index_add_(0, frame, torch.ones_like(difference))
    return (total / count).tolist()


def _hit_rates(generated: Tensor, known: KnownClip) -> list[float]:
    assert known.covered is not None
    assert known.without_others is not None
    cars = known.covered >= 0
    return [
        car_hits(generated[:, frame], known.truth[:, frame], known.without_others[:, frame], cars[:, frame - 1]).rate
        for frame in range(1, generated.shape[1])
    ]


def write_curves(curves: Sequence[Curve]) -> str:
    """JSON of curves; what was not measured is null."""
    plain = [
        asdict(curve) | {"values": [round(value, 5) if math.isfinite(value) else None for value in curve.values]}
        for curve in curves
    ]
    return json.dumps({"version": VERSION, "curves": plain}, ensure_ascii=False, allow_nan=False)


def read_curves(text: str) -> list[dict[str, Any]]:
    """The curves of `write_curves` as plain values, null for what was not measured.

    Raises:
        ValueError: if the text is anything else.
    """
    try:
        document = json.loads(text)
        curves = document["curves"]
        right = document["version"] == VERSION and all(map(_is_curve, curves))
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError("These are no curves; connect curves of Evaluate Shared World.") from error
    if not right:
        raise ValueError(
            f"The curves are incomplete or not of version {VERSION}; run the node that made them again, or leave "
            "curves open."
        )
    return list(curves)


def _is_curve(curve: Any) -> bool:
    return (
        all(isinstance(curve[key], str) for key in ("title", "unit"))
        and (curve["agent"] is None or (isinstance(curve["agent"], int) and curve["agent"] >= 0))
        and all(value is None or (isinstance(value, int | float) and math.isfinite(value)) for value in curve["values"])
    )
