import pytest
import torch

from shared_world.models.grouping import in_groups

BATCH = 5


def tensors():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(BATCH, 3, generator=generator), torch.randn(BATCH, 3, generator=generator)


@pytest.mark.parametrize("group_size", [-1, 0, 1, 2, 3, 4, 5, 6])
def test_groups_give_the_result_of_one_call(group_size):
    first, second = tensors()
    assert torch.equal(in_groups(torch.sub, group_size, first, second), first - second)


@pytest.mark.parametrize("group_size", [0, 2])
def test_several_outputs_stay_a_tuple_in_order(group_size):
    first, second = tensors()
    given = in_groups(lambda a, b: (a.sum(dim=1), torch.stack([b, b], dim=1)), group_size, first, second)
    assert isinstance(given, tuple)
    assert torch.equal(given[0], first.sum(dim=1))
    assert torch.equal(given[1], torch.stack([second, second], dim=1))


def test_no_call_sees_more_than_a_group():
    sizes = []

    def note_size(items):
        sizes.append(len(items))
        return items

    in_groups(note_size, 2, tensors()[0])
    assert sizes == [2, 2, 1]


def test_gradients_pass_through_groups():
    first, second = (tensor.requires_grad_() for tensor in tensors())
    in_groups(lambda a, b: (a * b, a + b), 2, first, second)[0].sum().backward()
    assert torch.equal(first.grad, second.detach())
