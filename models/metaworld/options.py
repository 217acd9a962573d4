"""What a MetaWorld checkpoint records about itself, where paper and release differ or leave a choice open."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from ..recorded_options import colour_rows, refuse_unknown_options

ConditionForm = Literal["tokens", "latents"]
Depth = Literal["with", "without", "either"]
AlignmentPlace = Literal["after_self_attention", "before_self_attention", "after_block"]

Shapes = Mapping[str, tuple[int, ...]]

COMPRESSION = "cond_latent_compression"
"""The paper's "feature compression network", which has no name in the release."""


@dataclass(frozen=True)
class MetaWorldOptions:
    """What the paper or else the release says is the default; what neither says is chosen as Wan itself does it.

    Attributes:
        condition: "tokens" adds the condition to the video tokens, as released; "latents" compresses it to the latents'
            channels and adds it to the noisy latents (equations 2 and 3).
        depth: "with" takes RGB and depth condition videos, "without" RGB alone, "either" has weights for both (tokens
            only).
        alignment: whether there is World-State Alignment; without it agents are independent (the released stage 1).
        alignment_place: where in a block agents are aligned; neither paper nor release says.
        alignment_qk_norm: RMS norm of queries and keys, as in Wan's own attention, whose weights alignment starts from.
        latent_scale: factor between the latents of another VAE and the network's; None for Wan 2.1's latents.
        latent_rgb_factors: (channels, 3) colours of such latents for the live preview.
    """

    condition: ConditionForm = "tokens"
    depth: Depth = "with"
    alignment: bool = True
    alignment_place: AlignmentPlace = "after_self_attention"
    alignment_qk_norm: bool = True
    latent_scale: float | None = None
    latent_rgb_factors: tuple[tuple[float, float, float], ...] = ()

    def __post_init__(self) -> None:
        """Refuse what a checkpoint should not record; raises ValueError that names option and value."""
        choices: dict[str, tuple[Any, ...]] = {
            "condition": get_args(ConditionForm),
            "depth": get_args(Depth),
            "alignment_place": get_args(AlignmentPlace),
            "alignment": (False, True),
            "alignment_qk_norm": (False, True),
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"Option '{name}' must be {' or '.join(map(repr, allowed))}, given {getattr(self, name)!r}."
                )
        if self.condition == "latents" and self.depth == "either":
            raise ValueError(
                "Option 'depth' must be 'with' or 'without' where 'condition' is 'latents', given 'either'."
            )
        scale = self.latent_scale
        if scale is not None and (not isinstance(scale, int | float) or not (math.isfinite(scale) and scale > 0)):
            raise ValueError(f"Option 'latent_scale' must be a positive number, given {scale!r}.")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, recorded: Mapping[str, Any]) -> "MetaWorldOptions":
        """Options of a checkpoint's metadata; what is not recorded takes the default.

        Raises:
            ValueError: for an option or value that this version does not know, since ignoring it would change the
                pictures.
        """
        refuse_unknown_options(cls, recorded)
        given = dict(recorded)
        given["latent_rgb_factors"] = colour_rows(recorded.get("latent_rgb_factors", ()))
        return cls(**given)

    def matching(self, shapes: Shapes) -> "MetaWorldOptions":
        """The options with everything that tensors show as they show it.

        Args:
            shapes: parameter name -> shape, of a whole network.
        """
        with_depth = any(name.startswith("cond_depth_") for name in shapes)
        without_depth = any(name.startswith("cond_video_mlp.") for name in shapes)
        options = self
        if f"{COMPRESSION}.weight" in shapes:
            outputs, inputs = shapes[f"{COMPRESSION}.weight"][:2]
            options = replace(options, condition="latents", depth="with" if inputs == 2 * outputs else "without")
        elif with_depth or without_depth:
            found: Depth = "with" if not without_depth else "either" if with_depth else "without"
            options = replace(options, condition="tokens", depth=found)
        alignment = any(".wsa." in name for name in shapes)
        normed = any(".wsa.norm_" in name for name in shapes)
        return replace(options, alignment=alignment, alignment_qk_norm=normed or not alignment)
