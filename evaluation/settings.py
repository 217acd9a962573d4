"""What an evaluation is told."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..training.sampling import trailing_timesteps

TRUTH, FROZEN, RECONSTRUCTION, ORACLE = "truth", "frozen_first_frame", "autoencoder", "own_frame_oracle"
CONTROLS = (ORACLE, FROZEN, RECONSTRUCTION, TRUTH)
"""Names of what is measured beside the models."""

WRONG_PARTNER = "_wrong_partner"
"""Ending of the name under which a model is measured that was given a wrong partner."""

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class EvaluationSettings:
    """An evaluation.

    Attributes:
        clips: data set of test towns with ground truth.
        autoencoder: file of the pocket VAE.
        models: name -> file of a ShareVerse, or of a MetaWorld; names are rows of the table and names of files.
        out: folder for results.
        baseline: the model that the others are compared with, and that is given wrong partners.
        reference: data set of other towns with ground truth, for the colours of the own-frame oracle; None leaves the
            oracle out.
        steps: forward passes per sampling.
        seed: of the noise.
        guidance, shift: of MetaWorld's sampling.
        batch: clips that are sampled together; results do not depend on it.
        limit: the first so many clips; 0 for all.
        sheets, videos: the first so many clips are shown on contact sheets and in videos.
        device: where the networks run.

    Raises:
        ValueError: if a name or number cannot be used.
    """

    clips: Path
    autoencoder: Path
    models: Mapping[str, Path]
    out: Path
    baseline: str
    reference: Path | None = None
    steps: int = 10
    seed: int = 0
    guidance: float = 1.0
    shift: float = 5.0
    batch: int = 8
    limit: int = 0
    sheets: int = 4
    videos: int = 0
    device: str = "cpu"

    def __post_init__(self) -> None:
        for name in self.models:
            if not NAME.fullmatch(name) or name in CONTROLS or name.endswith(WRONG_PARTNER):
                raise ValueError(
                    f"A model cannot be called '{name}'; use letters, digits, '_', '-' and '.', and none of the "
                    f"controls' names ({', '.join(CONTROLS)}, ...{WRONG_PARTNER})."
                )
        if self.baseline not in self.models:
            raise ValueError(f"The baseline '{self.baseline}' is none of the models {', '.join(self.models)}.")
        trailing_timesteps(self.steps)
        for name, least in (("seed", 0), ("batch", 1), ("limit", 0), ("sheets", 0), ("videos", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"'{name}' must be at least {least}, given {getattr(self, name)}.")
