import copy

import torch

from shared_world.models.shareverse.transformer import Coupling
from shared_world.tests.tiny_networks import TINIEST, coupled_network, random_inputs
from shared_world.training.compilation import compile_blocks


def test_compiled_blocks_have_the_same_outputs_gradients_and_names():
    """Checked with the parts of torch.compile that trace a network; writing kernels needs a compiler on the machine."""
    plain = coupled_network(config=TINIEST).train()
    compiled = copy.deepcopy(plain)
    compile_blocks(compiled.all_blocks(), backend="aot_eager")
    assert list(compiled.state_dict()) == list(plain.state_dict())
    inputs = random_inputs(4, config=TINIEST)
    shown = []
    for network in (plain, compiled):
        output = network(inputs.latents, inputs.timesteps, inputs.text, raymaps=inputs.raymaps, coupling=Coupling(2))
        output.square().mean().backward()
        shown.append(output)
    torch.testing.assert_close(shown[1], shown[0])
    for (name, expected), parameter in zip(plain.named_parameters(), compiled.parameters(), strict=True):
        torch.testing.assert_close(parameter.grad, expected.grad, msg=name)
