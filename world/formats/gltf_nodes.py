"""glTF's node hierarchy: where a node is in the world at any time (sections 3.5.2 and 3.5.3)."""

from dataclasses import dataclass, field

import numpy as np
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from .gltf_animation import Channel, read_channels
from .gltf_buffers import Array, GltfFile
from .json_values import JsonValue

MOST_POSES = 2**20
"""Most poses of all nodes together that are computed: 128 MiB of matrices."""

IDLE = {"translation": (0.0, 0.0, 0.0), "rotation": (0.0, 0.0, 0.0, 1.0), "scale": (1.0, 1.0, 1.0)}


def find_parents(file: GltfFile) -> dict[int, int]:
    """Parent of every node that has one. Raises ValueError if a node has two."""
    parents: dict[int, int] = {}
    for index, node in enumerate(file.entries("nodes")):
        children = node.get("children")
        for child in [] if children is None else children.items():
            position = file.position("nodes", child)
            if position in parents:
                raise ValueError(f"{child.field}: nodes[{position}] is a child of nodes[{parents[position]}] already.")
            parents[position] = index
    return parents


def line_of(node: int, parents: dict[int, int]) -> list[int]:
    """A node and all above it, the node first. Raises ValueError if they go in a circle."""
    line, seen = [node], {node}
    while line[-1] in parents:
        above = parents[line[-1]]
        if above in seen:
            raise ValueError(f"nodes[{node}]: the nodes above it go in a circle (nodes[{above}] is its own child).")
        line.append(above)
        seen.add(above)
    return line


def node_name(node: JsonValue, otherwise: str) -> str:
    """The node's name, or the other one where it has none."""
    name = node.get("name")
    return name.text().strip() or otherwise if name is not None else otherwise


@dataclass
class NodeWorld:
    """Nodes of a file, moved by its animations.

    Attributes:
        file: the file.
        parents: parent of every node that has one.
        channels: animated properties by node and name.
        involved: how many nodes have to be computed.
    """

    file: GltfFile
    parents: dict[int, int]
    channels: dict[tuple[int, str], Channel]
    involved: int
    _matrices: dict[int, Tensor] = field(default_factory=dict)
    _seconds: Array = field(default_factory=lambda: np.zeros(1))

    @classmethod
    def around(cls, file: GltfFile, nodes: list[int]) -> "NodeWorld":
        """The given nodes and all above them. Raises ValueError if hierarchy or animations are broken."""
        parents = find_parents(file)
        involved = {above for node in nodes for above in line_of(node, parents)}
        return cls(file, parents, read_channels(file, involved), len(involved))

    def duration(self) -> tuple[float, float]:
        """First and last time in seconds of a key that moves any of the nodes; 0, 0 where nothing moves."""
        times = [channel.times for channel in self.channels.values()]
        return (0.0, 0.0) if not times else (min(t[0] for t in times), max(t[-1] for t in times))

    def sample(self, seconds: Array) -> None:
        """Choose the times (samples) that `matrices` answers for.

        Raises ValueError if that would be more than `MOST_POSES`.
        """
        if len(seconds) * self.involved > MOST_POSES:
            raise ValueError(
                f"{len(seconds)} frames of {self.involved} nodes are too many to read, at most {MOST_POSES} poses are; "
                "lower the frame rate or shorten the animation."
            )
        self._seconds, self._matrices = seconds, {}

    def matrices(self, node: int) -> Tensor:
        """(samples, 4, 4) local-to-world of a node, scale included."""
        for position in reversed(line_of(node, self.parents)):
            if position not in self._matrices:
                local = self._local(position)
                above = self.parents.get(position)
                self._matrices[position] = local if above is None else self._matrices[above] @ local
        return self._matrices[node]

    def poses(self, node: int, owner: str) -> Tensor:
        """(samples, 4, 4) local-to-world of a node without scale, as cameras are placed (section 3.10.2)."""
        poses = self.matrices(node).clone()
        lengths = poses[:, :3, :3].norm(dim=1, keepdim=True)
        flat = (lengths < 1e-12).flatten(1).any(1)
        if flat.any():
            raise ValueError(f"{owner}, frame {int(flat.nonzero()[0])}: a scale is 0.")
        poses[:, :3, :3] /= lengths
        return poses

    def _local(self, position: int) -> Tensor:
        node = self.file.entries("nodes")[position]
        matrix = node.get("matrix")
        if matrix is not None:
            for name in IDLE:
                if (position, name) in self.channels:
                    raise ValueError(f"{node.field}: its {name} is animated, which a node with a matrix cannot be.")
            # Stored column by column.
            stored = matrix.numbers(16).reshape(4, 4).T
            return stored.expand(len(self._seconds), 4, 4)
        translation, rotation, scale = (self._property(node, position, name) for name in IDLE)
        lengths = np.linalg.norm(rotation, axis=1)
        if (lengths < 1e-9).any():
            raise ValueError(f"{node.field}, rotation: a quaternion has length 0.")
        matrices = torch.eye(4, dtype=torch.float64).repeat(len(self._seconds), 1, 1)
        turns = Rotation.from_quat(rotation / lengths[:, None]).as_matrix()
        matrices[:, :3, :3] = torch.from_numpy(turns * scale[:, None, :])
        matrices[:, :3, 3] = torch.from_numpy(translation)
        return matrices

    def _property(self, node: JsonValue, position: int, name: str) -> Array:
        """(samples, components) of a property of a node."""
        channel = self.channels.get((position, name))
        if channel is not None:
            return channel.at(self._seconds)
        given = node.get(name)
        idle = IDLE[name]
        value = np.array(idle) if given is None else given.numbers(len(idle)).numpy()
        return np.repeat(value[None], len(self._seconds), axis=0)
