"""Short runs of the example graphs whose own sizes and steps are meant for weights that do not come with the pack.

With the tiny checkpoints every size generates noise, so nothing is lost but the waiting. Frames stay as they are.
"""

from collections.abc import Mapping
from typing import Any

from .comfyui_server import Graph
from .locations import ROOT

POCKET_MODELS = ROOT / "pocket" / "checkpoints" / "diffusion_models"

SAMPLER = "SharedWorldJointSampler"
STEPS = 2
CLIPS: dict[str, dict[str, Any]] = {
    "SharedWorldMultiWorldConditioning": {"width": 64, "height": 64},
    "SharedWorldWorldRollout": {"width": 64, "height": 64, "steps": STEPS},
    "SharedWorldMetaWorldConditioning": {},
}
"""Nodes of clips whose weights do not come with the pack, with the values that they get in a short run."""

Changes = dict[str, dict[str, Any]]
"""Node id to input to value."""


def short_run(graph: Graph) -> Changes:
    """What to change in a graph for a short run: nothing if it has none of these clips, or loads a pocket model."""
    loaded = {str(entry["inputs"].get("model_name", "")) for entry in graph.values()}
    if any((POCKET_MODELS / name).is_file() for name in loaded if name):
        return {}
    clips = {node: CLIPS[entry["class_type"]] for node, entry in graph.items() if entry["class_type"] in CLIPS}
    samplers = [node for node, entry in graph.items() if entry["class_type"] == SAMPLER]
    changes = clips | ({node: {"steps": STEPS} for node in samplers} if clips else {})
    return {node: values for node, values in changes.items() if values}


def changed(graph: Graph, changes: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The graph with some inputs changed."""
    return {node: {**entry, "inputs": {**entry["inputs"], **changes.get(node, {})}} for node, entry in graph.items()}


def changed_values(graph: Graph, changes: Mapping[str, Mapping[str, Any]]) -> Changes:
    """The graph's own values of the inputs that are changed."""
    return {node: {name: graph[node]["inputs"][name] for name in inputs} for node, inputs in changes.items()}
