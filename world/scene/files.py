"""Scenes as safetensors files.

Tensors `points` and `colours`; `agent.{number}.means` and `agent.{number}.covariances` per agent. The metadata entry
`shared_world_scene` is a JSON object: format version, names and marker colours.
"""

import json
from pathlib import Path

import safetensors
import safetensors.torch
from torch import Tensor

from ..formats.files import write_file
from .scene import AgentGaussian, PointCloud, Scene

METADATA_KEY = "shared_world_scene"
VERSION = 1


def write_scene(scene: Scene, path: Path) -> None:
    """Write a scene without loss. Raises FileNotFoundError if the folder does not exist."""
    tensors = {"points": scene.background.points, "colours": scene.background.colours}
    for number, agent in enumerate(scene.agents):
        tensors[f"agent.{number}.means"] = agent.means
        tensors[f"agent.{number}.covariances"] = agent.covariances
    agents = [{"name": agent.name, "colour": agent.colour} for agent in scene.agents]
    metadata = {METADATA_KEY: json.dumps({"version": VERSION, "agents": agents})}
    contents = {name: tensor.contiguous().cpu() for name, tensor in tensors.items()}
    write_file(path, safetensors.torch.save(contents, metadata))


def read_scene(path: Path) -> Scene:
    """The scene in a file.

    Raises:
        FileNotFoundError: if `path` is no file.
        ValueError: if it is no safetensors file, holds no scene, a scene of a newer version, or a damaged one.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file.")
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            record = (file.metadata() or {}).get(METADATA_KEY)
            if record is None:
                raise ValueError(f"{path.name} holds no scene; choose a file that Shared World saved as one.")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except safetensors.SafetensorError as error:
        raise ValueError(f"{path.name} is no safetensors file, or a damaged one ({error}).") from error
    return _scene(tensors, record, path.name)


def _scene(tensors: dict[str, Tensor], record: str, file: str) -> Scene:
    try:
        document = json.loads(record)
        version = document["version"]
        if version != VERSION:
            raise ValueError(f"{file} holds a scene of version {version}, expected {VERSION}; update Shared World.")
        agents = [
            AgentGaussian(
                str(agent["name"]),
                tensors[f"agent.{number}.means"],
                tensors[f"agent.{number}.covariances"],
                tuple(agent["colour"]),
            )
            for number, agent in enumerate(document["agents"])
        ]
        return Scene(PointCloud(tensors["points"], tensors["colours"]), tuple(agents))
    except (KeyError, TypeError, RecursionError, json.JSONDecodeError) as error:
        raise ValueError(f"{file} holds a damaged scene ({error!r}); save it again.") from error
