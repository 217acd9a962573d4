"""The mean colour of buildings in every light, from towns that are not evaluated."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..training.clips import Clip as ListedClip
from ..training.clips import list_clips
from ..world.metrics.controls import BuildingColour, fit_building_colour
from .clips import light_of, read_known, town_of

logger = logging.getLogger(__name__)

CLIPS_PER_LIGHT = 16
"""Clips that a colour is fitted to; each shows some ten thousand pixels of buildings."""


class BuildingColours:
    """Colours for the own-frame oracle, fitted when they are needed.

    Clips of the reference data set with the weather and the fog of the evaluated clip are taken; if there are none,
    those with the same weather, with a warning.

    Args:
        reference: data set with ground truth, of other towns.
        chosen: the evaluated clips.

    Raises:
        ValueError: if the data set lists no clip, shares a town with the evaluated clips, or lacks a weather.
    """

    def __init__(self, reference: Path, chosen: Sequence[ListedClip]) -> None:
        self.reference = reference
        self.listed = list_clips(reference)
        shared = {town_of(clip) for clip in chosen} & {town_of(clip) for clip in self.listed}
        if shared:
            raise ValueError(
                f"{reference}: the reference for colours has towns of the evaluated clips (seed "
                f"{min(shared, key=str)}), which an own-frame oracle must not know; choose clips of another split."
            )
        self._sources = {light: self._chosen_for(*light) for light in dict.fromkeys(map(light_of, chosen))}
        self._fitted: dict[Any, BuildingColour] = {}

    def _chosen_for(self, weather: Any, fog: Any) -> list[ListedClip]:
        by_fog = defaultdict(list)
        for clip in self.listed:
            if light_of(clip)[0] == weather:
                by_fog[light_of(clip)[1]].append(clip)
        if not by_fog:
            raise ValueError(
                f"{self.reference}: there is no clip in weather '{weather}', which evaluated clips have; choose a "
                "reference with the same weathers."
            )
        if fog not in by_fog:
            logger.warning(
                "%s: no clip in weather '%s' has fog of %s m; others are taken.", self.reference, weather, fog
            )
        same_weather = [clip for clips in by_fog.values() for clip in clips]
        return by_fog.get(fog, same_weather)[:CLIPS_PER_LIGHT]

    def sources(self, clip: ListedClip) -> list[Any]:
        """What the colour for a clip is fitted to, as values for JSON."""
        return [source.fingerprint() for source in self._sources[light_of(clip)]]

    def of(self, clip: ListedClip) -> BuildingColour:
        """The colour for a clip.

        Raises:
            ValueError: if a clip of the reference cannot be read or has no ground truth, or none shows a building.
        """
        light = light_of(clip)
        if light not in self._fitted:
            self._fitted[light] = fit_building_colour(map(read_known, self._sources[light]))
        return self._fitted[light]
