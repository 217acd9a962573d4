"""Measuring variants on test clips, a few clips at a time."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor
from tqdm import tqdm

from ..training.clips import Clip as ListedClip
from ..world.metrics.evaluation import Perceptual, evaluate_clip
from .clips import Batch, EvaluatedClip, EvaluationClips
from .frame_files import frames_path, write_frames
from .front_view import front_of
from .measured import Measured, Measurement, Numbers, key_of
from .variants import Variant

logger = logging.getLogger(__name__)

BETWEEN_AGENTS = frozenset(
    {
        "consistency_error",
        "consistency_psnr",
        "shared_points",
        "raw_consistency_error",
        "raw_consistency_psnr",
        "points_seen_alike",
    }
)
"""Numbers that compare agents with each other."""


@dataclass(frozen=True)
class Measuring:
    """An evaluation under way.

    Attributes:
        folder: for results.
        clips: that are evaluated.
        variants: that are measured.
        batch: clips at a time.
        shown: the first so many clips keep frames of the variants that are shown.
        lpips: LPIPS, where it is to be had.

    Raises:
        ValueError: if two variants have one name.
    """

    folder: Path
    clips: EvaluationClips
    variants: Sequence[Variant]
    batch: int
    shown: int
    lpips: Perceptual | None = None

    def __post_init__(self) -> None:
        names = [variant.name for variant in self.variants]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ValueError(f"Two rows would be called '{twice[0]}'; give the models other names.")

    def run(self) -> dict[str, list[Measurement]]:
        """Measure what is not measured yet; everything is kept as soon as it is known.

        Returns:
            The measurements of every variant, in the order of the clips.

        Raises:
            ValueError: if a clip cannot be read, or a network gives no finite pictures.
        """
        chosen = self.clips.chosen
        records = {variant.name: Measured(self.folder, variant.name) for variant in self.variants}
        with tqdm(total=len(chosen) * len(self.variants), unit="clip") as bar:
            for start in range(0, len(chosen), self.batch):
                part = chosen[start : start + self.batch]
                missing = {
                    variant.name: [clip.name for clip in part if not self._is_done(variant, clip, records)]
                    for variant in self.variants
                }
                wanted = set().union(*missing.values())
                bar.update(len(part) * len(self.variants) - sum(map(len, missing.values())))
                batch = self.clips.read([clip for clip in part if clip.name in wanted])
                for variant in self.variants:
                    if missing[variant.name]:
                        bar.set_description(variant.name)
                        self._measure(variant, batch.of(missing[variant.name]), records[variant.name])
                        bar.update(len(missing[variant.name]))
        return {name: [record.clips[clip.name] for clip in chosen] for name, record in records.items()}

    def _is_done(self, variant: Variant, clip: ListedClip, records: Mapping[str, Measured]) -> bool:
        if self._is_shown(variant, clip) and not frames_path(self.folder, variant.name, clip.name).is_file():
            return False
        return records[variant.name].has(clip.name, self._key(variant, clip))

    def _is_shown(self, variant: Variant, clip: ListedClip) -> bool:
        return variant.shown and clip in self.clips.chosen[: self.shown]

    def _key(self, variant: Variant, clip: ListedClip) -> str:
        return key_of(variant, clip, self.lpips is not None)

    def _measure(self, variant: Variant, batch: Batch, record: Measured) -> None:
        start = time.perf_counter()
        generated = variant.frames(batch)
        seconds = (time.perf_counter() - start) / len(batch.clips) if variant.sampled else None
        for item, views in zip(batch.clips, generated, strict=True):
            try:
                all_views, front = self._numbers(variant, item, views)
            except ValueError as error:
                raise ValueError(f"{variant.name}, clip {item.name}: {error}") from error
            path = frames_path(self.folder, variant.name, item.name)
            if self._is_shown(variant, item.listed):
                alone = item.known.truth.shape[2] == 1
                write_frames(path, views, self.clips.frame_rate, alone)
            else:  # an earlier measurement may have left frames that are not these
                path.unlink(missing_ok=True)
            record.put(item.name, Measurement(self._key(variant, item.listed), all_views, front, seconds))
        record.write()

    def _numbers(self, variant: Variant, item: EvaluatedClip, views: Tensor) -> tuple[Numbers | None, Numbers]:
        if variant.front_only:
            return None, _of_variant(variant, evaluate_clip(views, item.front, self.lpips))
        all_views = evaluate_clip(views, item.known, self.lpips)
        if views.shape[2] == 1:
            numbers = _of_variant(variant, all_views)
            return numbers, numbers
        front = evaluate_clip(front_of(views), item.front, self.lpips)
        return _of_variant(variant, all_views), _of_variant(variant, front)


def _of_variant(variant: Variant, numbers: Numbers) -> Numbers:
    """Without what compares agents, where their frames come from different samplings."""
    if variant.one_world:
        return numbers
    return {name: value for name, value in numbers.items() if name not in BETWEEN_AGENTS}
