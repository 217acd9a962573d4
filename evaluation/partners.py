"""Wrong partners: whose first frames stand in for those of the other agents."""

import logging
from collections.abc import Sequence

from ..training.clips import Clip as ListedClip
from .clips import light_of, town_of

logger = logging.getLogger(__name__)


def wrong_partners(chosen: Sequence[ListedClip], listed: Sequence[ListedClip]) -> dict[str, ListedClip] | None:
    """For every chosen clip the next one of another town, by the clip's name.

    The weather and fog are the same where there is such a clip, so that only the town is wrong. Partners come from the
    whole data set, so that they do not depend on how many clips are chosen.

    Returns:
        None if all clips show one town.
    """
    places = {clip.name: place for place, clip in enumerate(listed)}
    partners, other_light = {}, 0
    for clip in chosen:
        place = places[clip.name] + 1
        others = [other for other in (*listed[place:], *listed[:place]) if town_of(other) != town_of(clip)]
        if not others:
            return None
        alike = [other for other in others if light_of(other) == light_of(clip)]
        other_light += not alike
        partners[clip.name] = (alike or others)[0]
    if other_light:
        logger.warning("%d clips have a wrong partner in other weather or fog; more clips would help.", other_light)
    return partners
