"""Joint actions of all agents to tokens, one per action frame."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ..batch import spread_over_batch
from ..layers import Layers
from .agent_mixing import AgentPooling
from .layout import MultiWorldLayout

PLAYERS = 2
"""ItTakesTwo has a left and a right player."""


def check_shape(what: str, given: Tensor, axes: Mapping[str, int | None]) -> None:
    """Refuse a tensor whose axes are not as named; None allows any length. Raises ValueError."""
    if given.ndim == len(axes) and all(
        length in (None, size) for length, size in zip(axes.values(), given.shape, strict=True)
    ):
        return
    expected = ", ".join(name if length is None else f"{length} {name}" for name, length in axes.items())
    raise ValueError(f"The {what} have shape {tuple(given.shape)}; this model needs ({expected}).")


class ItTakesTwoActionEncoder(nn.Module):
    """Buttons and look axes of both players to tokens.

    Frames are encoded alone and carry no position; attention to the tokens is not masked either. So their order has
    no effect: the network sees a set of joint actions.
    """

    inputs = ("discrete", "continuous")

    def __init__(self, layout: MultiWorldLayout, identity_base: float, layers: Layers) -> None:
        super().__init__()
        self.layout = layout
        # A button has a vector for released and one for pressed.
        self.discrete_embedding = layers.embedding(2 * layout.buttons, layout.dim)
        self.continuous_projection = nn.Sequential(nn.SiLU(), layers.linear(layout.axes, layout.dim))
        self.agent_pooling = AgentPooling(layout.dim, layout.weighting_dim, identity_base, layers)
        self.output_projection = nn.Sequential(nn.SiLU(), layers.linear(layout.dim, layout.dim))

    def check(self, discrete: Tensor, continuous: Tensor) -> None:
        """Refuse actions of another shape or with values other than 0 and 1. Raises ValueError."""
        buttons, axes = self.layout.buttons, self.layout.axes
        clip = {"worlds": None, "frames": None, "players": PLAYERS}
        check_shape("button states", discrete, clip | {"buttons": buttons})
        check_shape("look axes", continuous, clip | {"frames": discrete.shape[1], "axes": axes})
        wrong = ((discrete != 0) & (discrete != 1)).nonzero()
        if len(wrong):
            _, frame, player, button = wrong[0].tolist()
            given = discrete[tuple(wrong[0])].item()
            raise ValueError(
                f"Frame {frame}, player {player + 1}: button {button} is {given}; give 0 for released, 1 for pressed."
            )

    def forward(self, discrete: Tensor, continuous: Tensor) -> Tensor:
        """Tokens (worlds, frames, dim).

        Args:
            discrete: (worlds, frames, players, buttons) of 0 and 1.
            continuous: (worlds, frames, players, axes).
        """
        rows = 2 * torch.arange(self.layout.buttons, device=discrete.device) + discrete.long()
        looks = self.continuous_projection(continuous)
        features = self.discrete_embedding(rows, out_dtype=looks.dtype).sum(dim=-2) + looks
        return self.output_projection(self.agent_pooling(features.transpose(1, 2)))


class CameraEncoder(nn.Module):
    """Cameras' numbers to one token. The dropout that the released program leaves active is left out."""

    def __init__(self, layout: MultiWorldLayout, layers: Layers) -> None:
        super().__init__()
        first, second = layout.camera_hidden
        self.encoder = nn.Sequential(
            layers.linear(layout.camera_dim, first),
            nn.ReLU(),
            nn.Identity(),
            layers.linear(first, second),
            nn.ReLU(),
            layers.linear(second, layout.dim),
        )

    def forward(self, camera: Tensor) -> Tensor:
        """(views, cameras, camera_dim) -> the cameras' mean, (views, 1, dim)."""
        return self.encoder(camera).mean(dim=1, keepdim=True)


class RobotActionEncoder(nn.Module):
    """Joint positions of several robots, and the camera of a view, to tokens."""

    inputs = ("actions", "robots", "camera")

    def __init__(self, layout: MultiWorldLayout, identity_base: float, layers: Layers) -> None:
        super().__init__()
        self.layout = layout
        self.action2token = nn.Sequential(nn.SiLU(), layers.linear(layout.joints, layout.dim))
        self.agent_pooling = AgentPooling(layout.dim, layout.weighting_dim, identity_base, layers)
        self.action_projection = nn.Sequential(nn.SiLU(), layers.linear(layout.dim, layout.dim))
        self.camera2token = CameraEncoder(layout, layers)

    def check(self, actions: Tensor, robots: Tensor, camera: Tensor) -> None:
        """Refuse inputs of other shapes or counts. Raises ValueError."""
        check_shape(
            "robot actions",
            actions,
            {"worlds": None, "robots": None, "latent frames": None, "joints": self.layout.joints},
        )
        check_shape("cameras", camera, {"views": None, "cameras": None, "numbers": self.layout.camera_dim})
        check_shape("robot counts", robots, {"worlds": len(actions)})
        for world, count in enumerate(robots.tolist()):
            if not 1 <= count <= actions.shape[1]:
                raise ValueError(
                    f"World {world + 1} is said to have {count} robots, its actions hold {actions.shape[1]}; give 1 to "
                    f"{actions.shape[1]}."
                )

    def forward(self, actions: Tensor, robots: Tensor | tuple[int, ...], camera: Tensor) -> Tensor:
        """Tokens (max(worlds, views), latent frames, dim).

        Args:
            actions: (worlds, robots, latent frames, joints), normalised.
            robots: (worlds,) how many robots a world really has; what follows them is padding. As plain numbers they
                are not read back from a device; the worlds may then be a multiple of them.
            camera: (views, cameras, camera_dim), a multiple of the worlds, or of which the worlds are a multiple.
        """
        features = self.action2token(actions)
        counts = robots.tolist() if isinstance(robots, Tensor) else robots * (len(actions) // len(robots))
        worlds = zip(features.split(1), counts, strict=True)
        pooled = torch.cat([self.agent_pooling(world[:, :count]) for world, count in worlds])
        tokens, camera_token = self.action_projection(pooled), self.camera2token(camera)
        items = max(len(tokens), len(camera_token))
        return spread_over_batch(tokens, items) + spread_over_batch(camera_token, items)


ActionEncoder = ItTakesTwoActionEncoder | RobotActionEncoder


def action_encoder(layout: MultiWorldLayout, identity_base: float, layers: Layers) -> ActionEncoder:
    """The action encoder of a variant."""
    if layout.variant == "robots":
        return RobotActionEncoder(layout, identity_base, layers)
    return ItTakesTwoActionEncoder(layout, identity_base, layers)
