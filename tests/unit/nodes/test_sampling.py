import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_world.nodes.sampling import JointSampler, parse_seeds
from shared_world.sampling.noise import SEEDS


@given(st.lists(st.integers(0, SEEDS - 1)), st.sampled_from([",", ", ", " , ", "\t,\n"]))
def test_seeds_are_read_back(seeds, separator):
    assert parse_seeds(f" {separator.join(map(str, seeds))} ") == seeds


def test_seeds_from_another_node_are_read_in_the_run():
    assert JointSampler.validate_inputs(own_seeds=None) is True
    assert "'x' is not a seed" in JointSampler.validate_inputs(own_seeds="7, x")


@pytest.mark.parametrize("text", ["x", "-1", "1.0", "1e3", "0x10", "1,", ",1", "1 2", "²", str(SEEDS)])
def test_anything_else_names_the_entry(text):
    with pytest.raises(ValueError, match=r"own_seeds, entry \d+: '.*' is not a seed"):
        parse_seeds(text)
