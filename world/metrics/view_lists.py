"""Lists of videos, agent by agent and view by view, as the arrays that metrics take."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from .checks import check_pictures
from .known_clip import KnownClip


@dataclass(frozen=True)
class ViewNames:
    """Whose videos a list holds: all views of the first agent, then those of the second, and so on.

    Attributes:
        agents, views: their names.
    """

    agents: tuple[str, ...]
    views: tuple[str, ...]

    def at(self, index: int) -> str:
        """Name of one video of the list, for messages."""
        agent, view = divmod(index, len(self.views))
        return f"agent '{self.agents[agent]}', view '{self.views[view]}'"


def names_of_list(videos: int, views: Sequence[str]) -> ViewNames:
    """Names for a list of a number of videos of agents that nothing is known about.

    Raises:
        ValueError: if the number is no multiple of the views.
    """
    if not videos or videos % len(views):
        raise ValueError(
            f"{videos} videos are given, with {len(views)} views ({', '.join(views)}) per agent; give all views of "
            "every agent, or choose the tile layout that the videos were cut from."
        )
    return ViewNames(tuple(f"agent {number}" for number in range(1, videos // len(views) + 1)), tuple(views))


def stack_views(videos: Sequence[Tensor], names: ViewNames, what: str) -> Tensor:
    """Put the videos of all agents and views into one array.

    Args:
        videos: (frames, height, width, channels) each; channels after the third are left out.
        names: of the agents and views.
        what: the videos are, for messages.

    Returns:
        (agents, frames, views, height, width, 3) float32.

    Raises:
        ValueError: naming agent and view, if videos are missing or surplus, or differ in size or length; as
            `check_pictures` for values that are not finite or outside 0..1.
    """
    agents, views = len(names.agents), len(names.views)
    if len(videos) != agents * views:
        which = f", that of {names.at(len(videos))} is missing" if len(videos) < agents * views else ""
        raise ValueError(
            f"{what}: {agents} agents with {views} views each need {agents * views} videos, given "
            f"{len(videos)}{which}; connect the whole list, such as images of Split Agents with the same tile layout."
        )
    for index, video in enumerate(videos):
        if video.shape[:3] != videos[0].shape[:3]:
            raise ValueError(
                f"{what}: {names.at(index)} has {_described(video)}, {names.at(0)} {_described(videos[0])}; give all "
                "videos one length and size."
            )
    stacked = torch.stack([video[..., :3].float() for video in videos]).unflatten(0, (agents, views)).transpose(1, 2)
    check_pictures(stacked, what)
    return stacked


def _described(video: Tensor) -> str:
    frames, height, width = video.shape[:3]
    return f"{frames} frames of {width}x{height}"


def fit_to_length(generated: Tensor, known: KnownClip, names: ViewNames, what: str) -> KnownClip:
    """The part of the known clip that generated frames show: its first frames, where they are fewer.

    Args:
        generated: (agents, frames, views, height, width, 3).
        known: the clip.
        names: of the agents and views.
        what: the known clip is, for messages.

    Raises:
        ValueError: naming agent and view, if the frames are of another size or more than are known.
    """
    frames, (height, width) = generated.shape[1], generated.shape[3:5]
    known_frames, (known_height, known_width) = known.truth.shape[1], known.truth.shape[3:5]
    if (height, width) != (known_height, known_width):
        raise ValueError(
            f"The generated video of {names.at(0)} is {width}x{height} pixels, {what} {known_width}x{known_height}; "
            "choose that size where one of them is made, or resize the videos."
        )
    if frames > known_frames:
        raise ValueError(
            f"The generated video of {names.at(0)} has {frames} frames, {what} {known_frames}; make both equally long."
        )
    return known if frames == known_frames else shortened(known, frames)


def shortened(known: KnownClip, frames: int) -> KnownClip:
    """The first frames of a known clip."""
    names = ("depth", "extrinsics", "intrinsics", "instances", "transmittance", "without_others")
    given = {name: getattr(known, name) for name in names}
    parts = {name: values[:, :frames] for name, values in given.items() if values is not None}
    return replace(known, truth=known.truth[:, :frames], **parts)
