"""Hypothesis strategies for actions of every layout."""

import torch
from hypothesis import strategies as st

from shared_world.world.actions import ActionLayout, Actions, Axis, Button, all_layouts

IT_TAKES_TWO, PANDA = all_layouts()["it_takes_two"], all_layouts()["panda"]

CAR = ActionLayout(
    name="car",
    title="a car",
    buttons=(Button("horn", "sounds the horn"),),
    axes=(
        Axis("throttle", "0 to 1", 0.0, 1.0, aliases=("gas",)),
        Axis("brake", "0 to 1", 0.0, 1.0),
        Axis("steer", "-1 (left) to 1 (right)"),
    ),
    groups=(("pedals", ("throttle", "brake")),),
    frame_rate=8.0,
)
"""A layout that the pack does not know: buttons, single axes and any number of agents."""

finite = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def actions(draw, layouts=(IT_TAKES_TWO, PANDA), names=None, values=finite, most_frames=6):
    layout = draw(st.sampled_from(layouts))
    fixed = layout.agent_names
    size = {"min_size": len(fixed), "max_size": len(fixed)} if fixed else {"min_size": 1, "max_size": 3}
    names = names or st.text(min_size=1).filter(str.strip)
    agents = draw(st.lists(names, unique=True, **size))
    frames = draw(st.integers(1, most_frames))

    def table(channels, numbers):
        # Rows from a small set, so that frames repeat as they do in play.
        rows = draw(st.lists(st.tuples(*[numbers] * channels), min_size=1, max_size=3))
        picks = st.lists(st.sampled_from(rows), min_size=frames, max_size=frames)
        shape = (len(agents), frames, channels)
        return torch.tensor([draw(picks) for _ in agents], dtype=torch.float64).reshape(shape)

    extras = {}
    for extra in layout.extras:
        if draw(st.booleans()):
            row = st.lists(values, min_size=len(extra.fields), max_size=len(extra.fields))
            extras[extra.name] = torch.tensor(draw(st.lists(row, min_size=1, max_size=3)), dtype=torch.float64)
    return Actions(
        layout,
        tuple(agents),
        draw(st.floats(0.1, 240.0)),
        table(len(layout.buttons), st.integers(0, 1)),
        table(len(layout.axes), values),
        extras,
    )


def idle_actions(layout=IT_TAKES_TWO, frames=5, agents=2) -> Actions:
    names = layout.agent_names or tuple(f"agent {number}" for number in range(1, agents + 1))
    return Actions(
        layout,
        names,
        layout.frame_rate,
        torch.zeros(len(names), frames, len(layout.buttons)),
        layout.idle_axes().expand(len(names), frames, -1),
    )
