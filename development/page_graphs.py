"""Where the page's example graphs differ from their API twins.

Users estimate depth and masks with ComfyUI's own models; the twins, which run in tests, read them from files.
"""

from typing import Any

from .comfyui_server import Graph

MOGE = "moge_2_vitl_normal_fp16.safetensors"
DEPTH_ANYTHING = "depth_anything_3_base.safetensors"
SEGMENT_ANYTHING = "sam3.1_multiplex_fp16.safetensors"

DEPTH_OF_A_PHOTOGRAPH: dict[str, dict[str, Any] | None] = {
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
    "9": {
        "class_type": "SharedWorldSceneFromImage",
        "inputs": {
            "image": ["7", 0],
            "depth": ["8", 0],
            "depth_values": "metres",
            "horizontal_fov": 0.0,
            "metric_scale": "camera height",
            "camera_height": 2.5,
            "camera_pitch": 0.0,
            "farthest": 0.0,
            "mask_growth": 10,
        },
    },
    "32": {"class_type": "LoadMoGeModel", "inputs": {"model_name": MOGE}},
}

DEPTH_AND_TRACKS_OF_A_VIDEO: dict[str, dict[str, Any] | None] = {
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
    "14": None,
    "15": None,
    "16": {
        "class_type": "SharedWorldSceneFromVideo",
        "inputs": {
            "images": ["8", 0],
            "depth": ["10", 0],
            "depth_values": "metres",
            "horizontal_fov": 0.0,
            "metric_scale": "camera height",
            "camera_height": 1.6,
            "camera_pitch": 0.0,
            "farthest": 80.0,
            "voxel": 0.1,
            "neighbours": 20,
            "deviations": 2.0,
            "mask_growth": 10,
        },
    },
    "17": {
        "class_type": "SharedWorldUnrollVideo",
        "inputs": {
            "images": ["8", 0],
            "posed_depth": ["16", 1],
            "frame_rate": ["8", 2],
            "smoothing": 0.5,
            "mask_growth": 3,
            "voxel": 0.1,
            "names": "red car",
            "sizes": "2.0 1.4 4.2",
            "farthest": 80.0,
            "tracks": ["13", 0],
        },
    },
}

INSTEAD = {
    "metaworld_two_agents_photo": DEPTH_OF_A_PHOTOGRAPH,
    "metaworld_unroll_video": DEPTH_AND_TRACKS_OF_A_VIDEO,
}
"""Graph to nodes that the page has instead of the twin's; None for those that it lacks."""


def page_graph(name: str, twin: Graph) -> dict[str, dict[str, Any]]:
    """The graph that the page shows, in API format.

    Args:
        name: of the example graph.
        twin: its API twin.
    """
    nodes = {**twin, **INSTEAD.get(name, {})}
    return {node: dict(entry) for node, entry in nodes.items() if entry is not None}
