import json

import numpy as np
import pytest

from shared_world.development.make_frontend_data import ENCOUNTERS_FILE, FIXTURES_FILE, encounters, fixtures

FIXTURES = json.loads(FIXTURES_FILE.read_text(encoding="utf-8"))["cases"]


def test_page_offers_the_encounters_that_there_are():
    offered = json.loads(ENCOUNTERS_FILE.read_text(encoding="utf-8"))
    made = encounters()
    assert offered.keys() == made.keys()
    for name, entry in made.items():
        assert offered[name]["summary"] == entry["summary"]
        np.testing.assert_allclose(numbers(offered[name]["drawing"]), numbers(entry["drawing"]), atol=1e-6)


@pytest.mark.parametrize("made", fixtures(), ids=lambda made: made["name"])
def test_numbers_that_the_page_is_tested_with_are_what_python_computes(made):
    (kept,) = [case for case in FIXTURES if case["name"] == made["name"]]
    assert kept["drawing"] == made["drawing"]
    for key in ("poses", "cameras", "pixels", "separations"):
        np.testing.assert_allclose(numbers(kept[key]), numbers(made[key]), rtol=1e-7, atol=1e-7, err_msg=key)


def numbers(value):
    """All numbers of nested lists and objects, in order."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [number for item in value for number in numbers(item)]
    return [float(value)] if isinstance(value, int | float) else []
