import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_world.nodes.sampling import parse_seeds
from shared_world.sampling.noise import SEEDS


@given(st.lists(st.integers(0, SEEDS - 1)), st.sampled_from([",", ", ", " , ", "\t,\n"]))
def test_seeds_are_read_back(seeds, separator):
    assert parse_seeds(f" {separator.join(map(str, seeds))} ") == seeds


@pytest.mark.parametrize("text", ["x", "-1", "1.0", "1e3", "0x10", "1,", ",1", "1 2", "²", str(SEEDS)])
def test_anything_else_names_the_entry(text):
    with pytest.raises(ValueError, match=r"own_seeds, entry \d+: '.*' is not a seed"):
        parse_seeds(text)
