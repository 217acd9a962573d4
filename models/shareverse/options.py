"""What a ShareVerse checkpoint records about itself, where the paper leaves a choice open."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

from ...world.raymaps import RaymapOptions
from ..recorded_options import colour_rows, refuse_unknown_options

CrossAgent = Literal["attention", "full_block", "none"]
AgentPositions = Literal["consecutive", "shared"]

LATENT_SCALE = 0.7
"""Scale of CogVideoX-5B's latents (the VAE's own configuration); first-frame latents are multiplied by it as well."""


@dataclass(frozen=True)
class ShareVerseOptions:
    """The literal reading of the paper is the default.

    Attributes:
        cross_agent: "attention" holds norm, attention and projector; "full_block" adds the feed-forward that "blocks"
            in section 5.1 may mean; "none" leaves the module out (the paper's ablation).
        text_in_cross_agent: whether the text tokens of all agents are attended to as well. Section 4.3 reshapes only
            video features, so they are not.
        agent_positions: "consecutive" gives agent i the temporal positions i * frames onwards ("RoPE with double
            original frames", section 4.3); "shared" gives all agents the same positions.
        raymap: how raymaps are laid out.
        latent_scale: factor between the VAE's latents and the network's.
        snr_shift_scale: CogVideoX's shift of the signal-to-noise ratio; 1 for the 5B model.
        latent_rgb_factors: (channels, 3) colours of latents for the live preview; empty for CogVideoX's.
    """

    cross_agent: CrossAgent = "attention"
    text_in_cross_agent: bool = False
    agent_positions: AgentPositions = "consecutive"
    raymap: RaymapOptions = field(default_factory=RaymapOptions)
    latent_scale: float = LATENT_SCALE
    snr_shift_scale: float = 1.0
    latent_rgb_factors: tuple[tuple[float, float, float], ...] = ()

    def __post_init__(self) -> None:
        """Refuse what a checkpoint should not record; raises ValueError that names option and value."""
        choices = {"cross_agent": CrossAgent, "agent_positions": AgentPositions, "text_in_cross_agent": (False, True)}
        for name, choice in choices.items():
            allowed = choice if isinstance(choice, tuple) else get_args(choice)
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"Option '{name}' must be {' or '.join(map(repr, allowed))}, given {getattr(self, name)!r}."
                )
        for name in ("latent_scale", "snr_shift_scale"):
            value = getattr(self, name)
            if not isinstance(value, int | float) or not (math.isfinite(value) and value > 0):
                raise ValueError(f"Option '{name}' must be a positive number, given {value!r}.")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "raymap": self.raymap.to_dict()}

    @classmethod
    def from_dict(cls, recorded: Mapping[str, Any]) -> "ShareVerseOptions":
        """Options of a checkpoint's metadata; what is not recorded takes the default.

        Raises:
            ValueError: for an option or value that this version does not know, since ignoring it would change the
                pictures.
        """
        refuse_unknown_options(cls, recorded)
        given = dict(recorded)
        if "raymap" in given:
            given["raymap"] = RaymapOptions.from_dict(given["raymap"])
        if "latent_rgb_factors" in given:
            given["latent_rgb_factors"] = colour_rows(recorded["latent_rgb_factors"])
        return cls(**given)

    def matching(self, names: Mapping[str, Any]) -> "ShareVerseOptions":
        """The options with `cross_agent` as the parameter names of a checkpoint show it."""
        if not any(name.startswith("cross_agent_blocks.") for name in names):
            return replace(self, cross_agent="none")
        has_feed_forward = any(name.startswith("cross_agent_blocks.0.ff.") for name in names)
        return replace(self, cross_agent="full_block" if has_feed_forward else "attention")
