"""Where the page's example graphs differ from their API twins.

Users estimate depth and masks with ComfyUI's own models; the twins, which run in tests, read them from files.
"""

from dataclasses import dataclass
from typing import Any

from .comfyui_server import Graph

MOGE = "moge_2_vitl_normal_fp16.safetensors"
DEPTH_ANYTHING = "depth_anything_3_base.safetensors"
SEGMENT_ANYTHING = "sam3.1_multiplex_fp16.safetensors"


@dataclass(frozen=True)
class Estimated:
    """What a page has in place of its twin's files.

    Attributes:
        removed: ids of the twin's nodes that read files, and of those that only these need.
        nodes: id -> node that the page has; ids of removed ones may come again.
        inputs: id -> inputs of the twin's nodes with other values; None for inputs that fall away.
    """

    removed: tuple[str, ...]
    nodes: dict[str, dict[str, Any]]
    inputs: dict[str, dict[str, Any]]


DEPTH_OF_A_PHOTOGRAPH = Estimated(
    removed=("8",),
    nodes={
        "8": {
            "class_type": "MoGeInference",
            "inputs": {
                "moge_model": ["32", 0],
                "image": ["7", 0],
                "resolution_level": 9,
                "fov_x_degrees": 0.0,
                "batch_size": 4,
                "force_projection": True,
                "apply_mask": True,
            },
        },
        "32": {"class_type": "LoadMoGeModel", "inputs": {"model_name": MOGE}},
    },
    inputs={
        "9": {
            "depth_values": "metres",
            "depth_values.white_is": None,
            "depth_values.black_is": None,
            "horizontal_fov": 0.0,
            "metric_scale": "camera height",
        },
    },
)

DEPTH_AND_TRACKS_OF_A_VIDEO = Estimated(
    removed=("9", "10", "11", "12", "13", "14", "15"),
    nodes={
        "9": {"class_type": "LoadDA3Model", "inputs": {"model_name": DEPTH_ANYTHING, "weight_dtype": "fp32"}},
        "10": {
            "class_type": "DA3Inference",
            "inputs": {
                "da3_model": ["9", 0],
                "image": ["8", 0],
                "resolution": 504,
                "resize_method": "upper_bound_resize",
                "mode": "multiview",
                "mode.ref_view_strategy": "saddle_balanced",
                "mode.pose_method": "cam_dec",
            },
        },
        "11": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": SEGMENT_ANYTHING}},
        "12": {
            "class_type": "CLIPTextEncode",
            "inputs": {"text": "red car", "clip": ["11", 1]},
            "_meta": {"title": "What moves"},
        },
        "13": {
            "class_type": "SAM3_VideoTrack",
            "inputs": {
                "images": ["8", 0],
                "model": ["11", 0],
                "conditioning": ["12", 0],
                "detection_threshold": 0.5,
                "max_objects": 1,
                "detect_interval": 1,
            },
        },
    },
    inputs={
        "16": {
            "depth_values": "metres",
            "depth_values.white_is": None,
            "depth_values.black_is": None,
            "metric_scale": "camera height",
            "camera": None,
        },
        "17": {"subjects.subject0": None, "tracks": ["13", 0]},
    },
)

INSTEAD = {
    "metaworld_two_agents_photo": DEPTH_OF_A_PHOTOGRAPH,
    "metaworld_unroll_video": DEPTH_AND_TRACKS_OF_A_VIDEO,
}
"""By the graph's name."""


def page_graph(name: str, twin: Graph) -> dict[str, dict[str, Any]]:
    """The graph that the page shows, in API format.

    Args:
        name: of the example graph.
        twin: its API twin.
    """
    shown = {node: dict(entry) for node, entry in twin.items()}
    if name not in INSTEAD:
        return shown
    estimated = INSTEAD[name]
    for node in estimated.removed:
        del shown[node]
    for node, changes in estimated.inputs.items():
        inputs = shown[node]["inputs"] | changes
        shown[node]["inputs"] = {key: value for key, value in inputs.items() if value is not None}
    return shown | estimated.nodes
