"""A clip as MetaWorld is told of it: the town as points, the cars as portraits."""

import torch
from torch import Tensor

from ..world.scene import PointCloud
from ..world.scene.seen_by_agents import cloud_seen_by
from ..world.tiles import split_images
from .portrait import car_portrait
from .recipe import CARS, Clip, Recipe
from .town import FIRST_CAR

FARTHEST = 80.0
"""Metres beyond which walls have become fog or sky."""

VOXEL, DILATION = 0.1, 1.0
"""Metres and pixels, for views of some ten thousand pixels."""

PORTRAIT_SIDE = 96


def clip_background(clip: Clip, first_frames_alone: bool) -> PointCloud:
    """What the front cameras of all cars see that stands still, in their first frames or in all.

    Raises:
        ValueError: if the clip has no depth and instances.
    """
    if clip.depth is None or clip.instances is None:
        raise ValueError("The clip has no depth and instances; make the data set with ground truth.")
    pictures = split_images(clip.tiles.float() / 255.0, clip.recipe.tile_layout())[:, :, 0]
    depth, cars = clip.depth[:, :, 0], clip.instances[:, :, 0] >= FIRST_CAR
    fusion = {"dilation": DILATION, "farthest": FARTHEST, "voxel": VOXEL, "neighbours": 0}
    return cloud_seen_by(clip.agents, pictures, depth, cars, first_frames_alone, **fusion)


def clip_portraits(recipe: Recipe, side: int = PORTRAIT_SIDE) -> Tensor:
    """(cars, side, side, 4) RGB and opacity in 0..1 of every car in the light of a clip."""
    colours = [recipe.colours[number % len(recipe.colours)] for number in range(CARS)]
    return torch.stack([car_portrait(colour, side, side, recipe.light()) for colour in colours])
