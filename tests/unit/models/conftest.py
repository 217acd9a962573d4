import pytest
import torch

from shared_world.development.tiny_checkpoints import random_weights
from shared_world.models.checkpoints import write_checkpoint
from shared_world.models.cogvideox.transformer import CogVideoXTransformer
from shared_world.models.shareverse.options import ShareVerseOptions
from shared_world.tests.tiny_networks import TINIEST, TINIEST_RECORD, coupled_network

# Networks of this size are too small to share: threads would wait for each other, the longer the busier the machine is.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def base_weights():
    """A CogVideoX-I2V of the tiniest size."""
    return random_weights(CogVideoXTransformer(TINIEST), seed=0)


@pytest.fixture(scope="session")
def shareverse_weights(base_weights):
    """The same base with non-zero extra modules."""
    return coupled_network(config=TINIEST, seed=1).state_dict() | base_weights


@pytest.fixture(scope="session")
def extension_weights(base_weights, shareverse_weights):
    """The extra modules alone."""
    return {name: tensor for name, tensor in shareverse_weights.items() if name not in base_weights}


@pytest.fixture
def shareverse_record():
    """What a complete ShareVerse checkpoint of the tiniest size records."""
    return {"system": "shareverse", "options": ShareVerseOptions().to_dict(), "network": TINIEST_RECORD}


@pytest.fixture
def base_file(tmp_path, base_weights):
    path = tmp_path / "base.safetensors"
    write_checkpoint(path, base_weights, {"network": TINIEST_RECORD})
    return path


@pytest.fixture
def extension_file(tmp_path, extension_weights, shareverse_record):
    path = tmp_path / "extension.safetensors"
    record = {name: entry for name, entry in shareverse_record.items() if name != "network"}
    write_checkpoint(path, extension_weights, {**record, "base_model": "base.safetensors"})
    return path


@pytest.fixture
def shareverse_file(tmp_path, shareverse_weights, shareverse_record):
    path = tmp_path / "shareverse.safetensors"
    write_checkpoint(path, shareverse_weights, shareverse_record)
    return path
