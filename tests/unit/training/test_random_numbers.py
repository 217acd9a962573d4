import torch

from shared_world.training.random_numbers import DataOrder, generator


def test_every_epoch_has_every_item_once_and_another_order():
    order = DataOrder(7, seed=3)
    epochs = order.items(0, 21).unflatten(0, (3, 7))
    assert all(sorted(epoch.tolist()) == list(range(7)) for epoch in epochs)
    assert not torch.equal(epochs[0], epochs[1])


def test_any_part_of_the_order_can_be_asked_for():
    whole = DataOrder(7, seed=3).items(0, 30)
    assert torch.equal(DataOrder(7, seed=3).items(5, 30), whole[5:])
    assert not torch.equal(DataOrder(7, seed=4).items(0, 30), whole)


def test_neighbouring_keys_give_unrelated_numbers():
    drawn = torch.stack([torch.randn(1000, generator=generator("cpu", 0, 1, step)) for step in range(20)])
    correlation = torch.corrcoef(drawn) - torch.eye(20)
    assert correlation.abs().max() < 0.15
    again = torch.randn(1000, generator=generator("cpu", 0, 1, 7))
    assert torch.equal(again, drawn[7])
