"""Is the other agent where it should be, as seen by each agent?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

VISIBLE_DIFFERENCE = 0.02
"""Distance in RGB from the view without the car below which a pixel of the car is taken to be hidden by fog."""

CLEAR_CONTRAST = 0.2
"""Distance in RGB between car and background below which a pixel cannot tell them apart."""

CAR_RADIUS = 0.5
"""A pixel looks like the car if it is nearer to the car's colour than this share of the background's distance."""

SMALLEST_CAR = 4
"""Pixels of the smallest car that is looked for."""


def other_agents(instances: Tensor, cars: Sequence[int]) -> Tensor:
    """Which other agent covers each pixel.

    Args:
        instances: (agents, frames, views, height, width) integer instance numbers.
        cars: instance number of each agent's car.

    Returns:
        (agents, frames, views, height, width) int16 index of the agent, -1 for anything else, own car included.
    """
    if len(cars) != len(instances):
        raise ValueError(f"{len(instances)} agents need as many instance numbers of cars, given {len(cars)}.")
    covered = torch.full(instances.shape, -1, dtype=torch.int16, device=instances.device)
    for agent, number in enumerate(cars):
        covered.masked_fill_(instances == number, agent)
        covered[agent].masked_fill_(instances[agent] == number, -1)
    return covered


@dataclass(frozen=True)
class Hits:
    """Pixels of other agents.

    Attributes:
        pixels: where the truth shows another agent.
        hits: those that the generated view shows, too.
    """

    pixels: int
    hits: int

    @property
    def rate(self) -> float:
        """Share of hits in 0..1; NaN if there are no pixels."""
        return self.hits / self.pixels if self.pixels else math.nan


@torch.no_grad()
def car_hits(
    generated: Tensor,
    truth: Tensor,
    without_others: Tensor,
    mask: Tensor,
    visible_difference: float = VISIBLE_DIFFERENCE,
) -> Hits:
    """Count pixels of other agents that are nearer to the truth than to the same view without other agents.

    Args:
        generated, truth, without_others: (agents, frames, views, height, width, 3) in 0..1; the last is the truth
            rendered without the other agents.
        mask: (agents, frames, views, height, width) bool, pixels of other agents.
        visible_difference: pixels where truth and view without others are nearer than this in RGB are not counted.
    """
    true, without, shown = truth[mask], without_others[mask], generated[mask]
    visible = _distance(true, without) > visible_difference
    hits = _distance(shown, true) < _distance(shown, without)
    return Hits(int(visible.sum()), int((hits & visible).sum()))


@dataclass(frozen=True)
class Localisation:
    """Where other agents are, over views of one moment.

    Attributes:
        views: views in which the truth shows another agent.
        found: those in which the generated view shows something like it.
        error: mean distance between the centroids in pixels where found; NaN if it never was.
        overlap: intersection over union of the two shapes in 0..1, averaged over all views, 0 where it was not found;
            NaN if there are no views.
    """

    views: int
    found: int
    error: float
    overlap: float

    @property
    def rate(self) -> float:
        """Share of views where the other agent was found; NaN if there are no views."""
        return self.found / self.views if self.views else math.nan


@dataclass(frozen=True, eq=False)
class CarSightings:
    """Views of one moment in which the truth shows exactly one other agent clearly.

    Attributes:
        index: (sightings,) int64 into pictures flattened over (agents, frames, views).
        without_others: (sightings, height, width, 3) these views without it.
        colours: (sightings, 3) its mean true colour in each.
        shapes: (sightings, height, width) bool, its pixels of about that colour.
        shape_colours: (sightings, 3) the mean true colour of these alone.
        centroids: (sightings, 2) float64 column and row of their centroid in pixels, 0 at the first pixel's centre.
    """

    index: Tensor
    without_others: Tensor
    colours: Tensor
    shapes: Tensor
    shape_colours: Tensor
    centroids: Tensor


@torch.no_grad()
def find_cars(truth: Tensor, without_others: Tensor, covered: Tensor, smallest: int = SMALLEST_CAR) -> CarSightings:
    """Find other agents in the true pictures, in the way that `localise` looks for them in generated ones.

    Args:
        truth, without_others: (agents, frames, views, height, width, 3) in 0..1.
        covered: from `other_agents`.
        smallest: pixels that a car must have.

    Returns:
        Views with one other agent that stands out from the background; with two at once it would be open which one a
        generated car is.
    """
    labels = covered.flatten(0, 2)
    mask = labels >= 0
    mask &= _distance(truth, without_others).flatten(0, 2) > VISIBLE_DIFFERENCE
    highest = torch.where(mask, labels, -1).flatten(1).amax(1)
    lowest = torch.where(mask, labels, torch.iinfo(labels.dtype).max).flatten(1).amin(1)
    index = ((mask.sum((1, 2)) >= smallest) & (highest == lowest)).nonzero().squeeze(-1)
    pictures, without = truth.flatten(0, 2)[index], without_others.flatten(0, 2)[index]
    mask = mask[index]
    colours = _mean_colours(pictures, mask)
    regions, pixels, centroids = _largest_regions(_like_car(pictures, without, colours))
    overlap = (regions & mask).sum((1, 2))
    clear = (pixels >= smallest) & (2 * overlap >= pixels)
    shapes = regions[clear]
    shape_colours = _mean_colours(pictures[clear], shapes)
    return CarSightings(index[clear], without[clear], colours[clear], shapes, shape_colours, centroids[clear])


@torch.no_grad()
def localise(generated: Tensor, cars: CarSightings, smallest: int = SMALLEST_CAR) -> Localisation:
    """Find other agents in generated pictures and measure how far they are from where they should be.

    A pixel looks like the other agent if it is much nearer to its true mean colour than to the view without it; the
    largest connected region of such pixels is taken for it. Ground truth has error 0 and overlap 1.

    Args:
        generated: (agents, frames, views, height, width, 3) in 0..1.
        cars: from `find_cars` on the true pictures.
        smallest: pixels that a region must have.
    """
    like = _like_car(generated.flatten(0, 2)[cars.index], cars.without_others, cars.colours)
    regions, pixels, centroids = _largest_regions(like)
    found = pixels >= smallest
    regions &= found[:, None, None]
    error = torch.linalg.vector_norm(centroids[found] - cars.centroids[found], dim=-1)
    overlap = (regions & cars.shapes).sum((1, 2)) / (regions | cars.shapes).sum((1, 2))
    return Localisation(len(cars.index), int(found.sum()), error.mean().item(), overlap.mean().item())


def colour_error(generated: Tensor, cars: CarSightings) -> float:
    """Is it the right agent? Distance in RGB of the mean colours, generated and true, of the pixels where it should be.

    Args:
        generated: (agents, frames, views, height, width, 3) in 0..1.
        cars: from `find_cars` on the true pictures.

    Returns:
        Mean over sightings; NaN if there are none.
    """
    shown = _mean_colours(generated.flatten(0, 2)[cars.index], cars.shapes)
    return _distance(shown, cars.shape_colours).mean().item()


def _mean_colours(pictures: Tensor, mask: Tensor) -> Tensor:
    """(pictures, 3) mean of the pixels (pictures, height, width, 3) in a mask."""
    return (pictures * mask[..., None]).sum((1, 2)) / mask.sum((1, 2))[:, None]


def _distance(first: Tensor, second: Tensor) -> Tensor:
    return torch.linalg.vector_norm(first - second, dim=-1)


def _like_car(pictures: Tensor, without: Tensor, colours: Tensor) -> Tensor:
    """(pictures, height, width) bool, pixels in the colour (pictures, 3) of the car."""
    colours = colours[:, None, None]
    contrast = _distance(colours, without)
    return (contrast > CLEAR_CONTRAST) & (_distance(pictures, colours) < CAR_RADIUS * contrast)


def _largest_regions(mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The largest 8-connected region of each mask (pictures, height, width).

    Returns:
        Its pixels (pictures, height, width) bool, their number (pictures,) and centroid (pictures, 2) as column and
        row; NaN where a mask is empty.
    """
    values = mask.cpu().numpy()
    within_pictures = np.zeros((3, 3, 3), dtype=bool)
    within_pictures[1] = True
    labels, count = ndimage.label(values, structure=within_pictures)
    picture, row, column = values.nonzero()
    label = labels[picture, row, column]
    area = np.bincount(label, minlength=count + 1)
    owner = np.zeros(count + 1, dtype=np.int64)
    owner[label] = picture
    order = np.lexsort((area[1:], owner[1:])) + 1
    largest = np.zeros(len(values), dtype=np.int64)
    largest[owner[order]] = order  # the last, largest region of each picture remains
    pixels = np.where(largest > 0, area[largest], 0)
    total = [np.bincount(label, weights=axis, minlength=count + 1)[largest] for axis in (column, row)]
    with np.errstate(invalid="ignore"):
        centroids = np.stack(total, axis=-1) / pixels[:, None]
    regions = values & (labels == largest[:, None, None])
    arrays = (torch.from_numpy(array).to(mask.device) for array in (regions, pixels, centroids))
    return next(arrays), next(arrays), next(arrays)
