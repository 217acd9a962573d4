"""One palette in two languages, that everybody can tell apart on light and dark backgrounds."""

import itertools
import re

import numpy as np
import pytest

from shared_world.development.locations import ROOT
from shared_world.world.palette import PALETTE
from shared_world.world.plot_canvas import BACKGROUND

DARK_BACKGROUND = (32, 32, 32)

# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
SIGHT = {
    "normal": np.eye(3),
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def page_palette(name):
    text = (ROOT / "frontend" / "src" / "appearance" / "palette.ts").read_text(encoding="utf-8")
    listed = re.search(rf"{name} = \[(.*?)\]", text).group(1)
    return [tuple(bytes.fromhex(color)) for color in re.findall(r'"#(\w{6})"', listed)]


def linear(color):
    values = np.array(color) / 255.0
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(first, second):
    """Of WCAG 2."""
    low, high = sorted(linear(color) @ [0.2126, 0.7152, 0.0722] for color in (first, second))
    return (high + 0.05) / (low + 0.05)


def oklab(rgb):
    """Ottosson 2020: distances are about as large as they look."""
    to_cones = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    to_lab = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return to_lab @ np.cbrt(to_cones @ np.clip(rgb, 0.0, 1.0))


def test_the_page_has_the_colours_of_the_pictures():
    assert page_palette("AGENT_COLORS") == list(PALETTE)
    assert len(page_palette("AGENT_COLORS_DARK")) == len(PALETTE)


@pytest.mark.parametrize("name", ["AGENT_COLORS", "AGENT_COLORS_DARK"])
@pytest.mark.parametrize("sight", SIGHT)
def test_any_two_agents_can_be_told_apart(name, sight):
    seen = [oklab(np.array(SIGHT[sight]) @ linear(color)) for color in page_palette(name)]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 0.07


def test_agents_stand_out_from_the_background():
    assert min(contrast(color, BACKGROUND) for color in PALETTE) > 2.0
    assert min(contrast(color, DARK_BACKGROUND) for color in page_palette("AGENT_COLORS_DARK")) > 4.0
