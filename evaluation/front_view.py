"""Comparing with networks that generate the front view alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from einops import rearrange
from torch import Tensor

from ..world.metrics.known_clip import KnownClip
from ..world.tiles import TWO_BY_TWO

FRONT = TWO_BY_TWO.view_order.index("front")


@dataclass(frozen=True, eq=False)
class FrontView(KnownClip):
    """The front views of a clip.

    A building counts as seen if the agent saw it in any of its four first views, as for the whole clip, so that all
    variants are measured on the same pixels. A network that was given the front view alone is therefore also asked
    about buildings that it saw nothing of, in the region "seen"; that is what leaving out the other views costs.

    Attributes:
        masks: the regions, decided from all views.
    """

    masks: Mapping[str, Tensor] = field(default_factory=dict)

    @cached_property
    def regions(self) -> Mapping[str, Tensor]:
        return self.masks


def front_of(values: Tensor) -> Tensor:
    """(agents, frames, 1, ...) of (agents, frames, views, ...)."""
    return values[:, :, FRONT : FRONT + 1]


def front_view(known: KnownClip) -> KnownClip:
    """What is known about the front views of a clip."""

    def front(values: Tensor | None) -> Tensor | None:
        return None if values is None else front_of(values)

    return FrontView(
        truth=front_of(known.truth),
        depth=front(known.depth),
        extrinsics=front(known.extrinsics),
        intrinsics=front(known.intrinsics),
        instances=front(known.instances),
        buildings=known.buildings,
        cars=known.cars,
        transmittance=front(known.transmittance),
        without_others=front(known.without_others),
        rule=known.rule,
        masks={name: front_of(mask) for name, mask in known.regions.items()},
    )


def in_tile(views: Tensor) -> Tensor:
    """Tiles (agents, frames, height, width, 3) of views (agents, frames, views, ...).

    A front view alone lies in its place of a black tile.
    """
    if views.shape[2] == 1:
        whole = views.new_zeros(*views.shape[:2], TWO_BY_TWO.slots, *views.shape[3:])
        whole[:, :, FRONT] = views[:, :, 0]
        views = whole
    return rearrange(views, "a f (row column) h w rgb -> a f (row h) (column w) rgb", row=TWO_BY_TWO.rows)
