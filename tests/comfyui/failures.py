"""What a user reads when a graph does not run."""

import re

import pytest

from shared_world.development.comfyui_server import ComfyServer, GraphFailed, GraphRefused
from shared_world.tests.comfyui.graphs import Graph


def failure(server: ComfyServer, graph: Graph, node: str) -> str:
    """The message with which `node` fails, which must be one sentence."""
    with pytest.raises(GraphFailed) as failed:
        server.run(graph)
    assert failed.value.node == node, str(failed.value)
    return one_sentence(failed.value.message)


def refusal(server: ComfyServer, graph: Graph, node: str) -> str:
    """What HTTP status 400 says about `node`, the only one that is wrong."""
    with pytest.raises(GraphRefused) as refused:
        server.queue(graph)
    assert list(refused.value.node_errors) == [node], str(refused.value)
    return str(refused.value)


def one_sentence(message: str) -> str:
    assert re.fullmatch(r"[^\n]+\.", message), message
    assert not re.search(r"[.!?] +[A-Z]", message), message
    return message
