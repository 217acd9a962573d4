"""Agents as a glTF 2.0 file; `gltf` describes it."""

import base64
import json
import logging
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from ..agents import Agent, Agents
from .description import WriteOptions
from .files import write_file
from .gltf_buffers import COMPONENT_COUNTS, join_glb
from .json_values import format_json
from .opengl_axes import OPENGL_CAMERA, WORLD_TO_OURS

logger = logging.getLogger(__name__)

FRAME_RATE_KEY = "frame_rate"
AGENT_KEY = "shared_world_agent"
VIEW_KEY = "shared_world_view"

FLOAT = 5126
NEAREST = 0.01
"""Metres of the near plane, which the format asks for."""


def _quaternions(matrices: Tensor) -> np.ndarray:
    """(poses, 4) x y z w of (poses, 4, 4), each on the same side as the one before."""
    quaternions = Rotation.from_matrix(matrices[:, :3, :3].numpy()).as_quat()
    turned = np.sum(quaternions[1:] * quaternions[:-1], axis=1) < 0.0
    signs = np.concatenate([[1.0], np.where(np.cumsum(turned) % 2, -1.0, 1.0)])
    return quaternions * signs[:, None]


class _Writer:
    """Collects the parts of one file."""

    def __init__(self, agents: Agents) -> None:
        self.agents = agents
        self.nodes: list[dict[str, Any]] = []
        self.cameras: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []
        self.views: list[dict[str, Any]] = []
        self.channels: list[dict[str, Any]] = []
        self.samplers: list[dict[str, Any]] = []
        self.binary = bytearray()

    def accessor(self, kind: str, values: np.ndarray) -> int:
        """Index of a new accessor with float32 values (count, components)."""
        data = np.ascontiguousarray(values, dtype="<f4").reshape(-1, COMPONENT_COUNTS[kind])
        self.views.append({"buffer": 0, "byteOffset": len(self.binary), "byteLength": data.nbytes})
        self.binary += data.tobytes()
        accessor = {"bufferView": len(self.views) - 1, "componentType": FLOAT, "count": len(data), "type": kind}
        accessor |= {"min": data.min(0).tolist(), "max": data.max(0).tolist()}
        self.accessors.append(accessor)
        return len(self.accessors) - 1

    def placed(self, pose: Tensor) -> dict[str, Any]:
        """Translation and rotation of a node."""
        return {"translation": pose[:3, 3].tolist(), "rotation": _quaternions(pose[None])[0].tolist()}

    def add_agent(self, agent: Agent, times: int) -> int:
        """Index of the agent's node; its views are made nodes below it."""
        change = WORLD_TO_OURS["y"]
        poses = change @ agent.poses @ OPENGL_CAMERA
        index = len(self.nodes)
        views = [index + 1 + view for view in range(agent.rig.view_count)]
        self.nodes.append(
            {"name": agent.name, **self.placed(poses[0]), "children": views, "extras": {AGENT_KEY: agent.name}}
        )
        mounts = OPENGL_CAMERA @ agent.rig.view_to_agent @ OPENGL_CAMERA
        for view, name in enumerate(agent.rig.view_names):
            self.cameras.append(self.camera(agent, view))
            node = {"name": f"{agent.name} {name}", "camera": len(self.cameras) - 1, **self.placed(mounts[view])}
            self.nodes.append({**node, "extras": {VIEW_KEY: name}})
        for path, kind, values in (
            ("translation", "VEC3", poses[:, :3, 3].numpy()),
            ("rotation", "VEC4", _quaternions(poses)),
        ):
            sampler = {"input": times, "interpolation": "LINEAR", "output": self.accessor(kind, values)}
            self.samplers.append(sampler)
            self.channels.append({"sampler": len(self.samplers) - 1, "target": {"node": index, "path": path}})
        return index

    def camera(self, agent: Agent, view: int) -> dict[str, Any]:
        """A camera with the lens of the first frame."""
        (fx, _, _), (_, fy, _), _ = agent.intrinsics()[0, view].tolist()
        width, height = agent.rig.width, agent.rig.height
        # The ratio of the fields of view, which for square pixels is that of the picture.
        aspect = (width / fx) / (height / fy)
        lens = {"yfov": 2.0 * math.atan(height / (2.0 * fy)), "aspectRatio": aspect, "znear": NEAREST}
        return {"type": "perspective", "perspective": lens, "extras": {"width": width, "height": height}}

    def document(self) -> dict[str, Any]:
        seconds = np.arange(self.agents.frame_count) / self.agents.frame_rate
        times = self.accessor("SCALAR", seconds[:, None])
        roots = [self.add_agent(agent, times) for agent in self.agents.members]
        return {
            "asset": {
                "version": "2.0",
                "generator": "Shared World",
                "extras": {FRAME_RATE_KEY: self.agents.frame_rate},
            },
            "scene": 0,
            "scenes": [{"nodes": roots}],
            "nodes": self.nodes,
            "cameras": self.cameras,
            "animations": [{"name": "paths", "channels": self.channels, "samplers": self.samplers}],
            "accessors": self.accessors,
            "bufferViews": self.views,
            "buffers": [{"byteLength": len(self.binary)}],
        }


def _warn_of_losses(agents: Agents, path: Path) -> None:
    for agent in agents.members:
        lenses = agent.intrinsics()
        centre = torch.tensor([agent.rig.width / 2.0, agent.rig.height / 2.0], dtype=torch.float64)
        off = (lenses[..., :2, 2] - centre).abs().max() > 1e-6 * max(centre)
        if off or lenses[..., 0, 1].any() or (lenses != lenses[:1]).any():
            logger.warning(
                "%s: agent '%s' has a lens with zoom, an off-centre principal point or skew, which glTF cannot hold; "
                "its first frame is taken, centred.",
                path,
                agent.name,
            )


def write_gltf(agents: Agents, path: Path, options: WriteOptions) -> None:
    """Write .glb, or .gltf with the buffer inside as base64."""
    _warn_of_losses(agents, path)
    writer = _Writer(agents)
    document = writer.document()
    binary = bytes(writer.binary)
    if path.suffix.lower() == ".glb":
        text = json.dumps(document, allow_nan=False, separators=(",", ":"))
        write_file(path, join_glb(text.encode("utf-8"), binary))
        return
    encoded = base64.b64encode(binary).decode("ascii")
    document["buffers"][0]["uri"] = f"data:application/octet-stream;base64,{encoded}"
    write_file(path, (format_json(document) + "\n").encode("utf-8"))
