"""Inputs that grow with what is connected, which ComfyUI hands over by names with numbers."""

from collections.abc import Mapping

from torch import Tensor


def in_order(given: Mapping[str, Tensor | None], prefix: str) -> list[Tensor | None]:
    """What is connected, by the number of its socket; None for an open socket before the last connected one.

    Args:
        given: `prefix` and number -> what is connected there, or None.
        prefix: of the sockets' names.
    """
    connected = {int(name.removeprefix(prefix)): batch for name, batch in given.items() if batch is not None}
    return [connected.get(number) for number in range(max(connected, default=-1) + 1)]
