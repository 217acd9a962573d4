"""Agents from elsewhere in a Pocket Town: what their cameras see there."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ..world.agents import Agent, Agents
from .car_shape import Cars, paint
from .render import render_views
from .town import make_town
from .views import views_of_agents
from .weather import Weather


def render_visitors(
    seed: int,
    layout: str,
    agents: Agents,
    width: int,
    weather: Weather,
    colours: Sequence[str] = ("red",),
    samples: int = 3,
) -> dict[str, Tensor]:
    """Render what agents with any rigs see; those with a body are drawn as cars, each hidden from its own cameras.

    Args:
        seed, layout: of the town.
        agents: in the world of the town.
        width: of each picture in pixels; the height keeps the shape of the agent's pictures.
        weather: light and fog.
        colours: of the cars by name, in the order of the agents that are cars, repeated as needed.
        samples: rays per pixel.

    Returns:
        (frames, height, width, 3) float32 in 0..1 for each agent and view, by "agent view"; "agent" where it has one.

    Raises:
        ValueError: if layout or colour are unknown, or there is no colour.
    """
    if not colours:
        raise ValueError("Cars need at least one colour, such as red.")
    town = make_town(seed, layout)
    drivers = [agent for agent in agents.members if agent.body is not None]
    painted = [paint(colours[number % len(colours)]) for number in range(len(drivers))]
    cars = Cars(torch.stack([agent.poses for agent in drivers]), torch.tensor(painted)) if drivers else None
    frames = torch.arange(agents.frame_count)
    rendered = {}
    for agent in agents.members:
        alone = Agents((agent,), agents.frame_rate)
        height = max(1, round(width * agent.rig.height / agent.rig.width))
        views = views_of_agents(alone, frames, height, width)
        views = replace(views, owners=torch.full_like(views.owners, _number(agent, drivers)))
        pictures = render_views(town, views, cars, weather, samples).rgb.unflatten(0, (agent.rig.view_count, -1))
        for name, picture in zip(agent.rig.view_names, pictures, strict=True):
            rendered[f"{agent.name} {name}" if agent.rig.view_count > 1 else agent.name] = picture
    return rendered


def _number(agent: Agent, drivers: Sequence[Agent]) -> int:
    """Which of the cars an agent drives, -1 for none."""
    return next((number for number, driver in enumerate(drivers) if driver is agent), -1)
