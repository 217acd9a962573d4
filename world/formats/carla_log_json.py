"""The JSON layout of CARLA logs; `carla_log` describes it."""

from typing import Any

import torch
from torch import Tensor

from ..agents import Agent, Agents, Body
from .cameras import agent_from_cameras, common_size
from .carla_axes import from_opencv, horizontal_fov, location_and_rotation, to_opencv, transform_matrix
from .carla_records import (
    CAMERA_TYPE,
    LOCATION_KEYS,
    ROTATION_KEYS,
    CarlaReadOptions,
    pinhole_matrices,
    require_vehicles,
    rig_without_cameras,
)
from .json_values import JsonValue, format_json, parse_json


def _triple(item: JsonValue, keys: tuple[str, ...]) -> Tensor:
    if isinstance(item.value, dict):
        return torch.stack([item.key(key).numbers() for key in keys])
    return item.numbers(3)


def _transforms(items: list[JsonValue]) -> Tensor:
    """(items, 4, 4) in CARLA's axes."""
    location = torch.stack([_triple(item.key("location"), LOCATION_KEYS) for item in items])
    rotation = torch.stack([_triple(item.key("rotation"), ROTATION_KEYS) for item in items])
    return transform_matrix(location, rotation)


def _fov(item: JsonValue, frames: int) -> Tensor:
    if isinstance(item.value, list):
        return item.numbers(frames)
    return torch.tensor([item.number(text_allowed=True)], dtype=torch.float64).expand(frames)


def _body(item: JsonValue) -> Body | None:
    extent = item.get("extent")
    if extent is None:
        return None
    half_length, half_width, half_height = _triple(extent, LOCATION_KEYS).tolist()
    location = item.get("extent_location")
    forward, right, up = [0.0] * 3 if location is None else _triple(location, LOCATION_KEYS).tolist()
    try:
        return Body((2 * half_width, 2 * half_height, 2 * half_length), (right, -up, forward))
    except ValueError as error:
        raise ValueError(f"{item.owner}, extent: {error}") from error


def _agent(item: JsonValue, name: str, source: object, options: CarlaReadOptions) -> Agent:
    owner = f"vehicle '{name}'"
    item = item.owned_by(owner)
    frames = [frame.owned_by(f"{owner}, frame {index}") for index, frame in enumerate(item.key("frames").items())]
    if not frames:
        raise ValueError(f"{owner} has no frames.")
    poses = to_opencv(_transforms(frames))
    listed = item.get("sensors")
    cameras = []
    for sensor in [] if listed is None else listed.items():
        kind = sensor.get("type")
        if kind is None or kind.text() == CAMERA_TYPE:
            cameras.append(sensor.owned_by(f"{owner}, sensor '{sensor.key('name').name()}'"))
    if not cameras:
        return Agent(name, poses, rig_without_cameras(options, source, name), _body(item))
    size = common_size(
        [(camera.key("image_size_x").size(True), camera.key("image_size_y").size(True)) for camera in cameras],
        [camera.owner for camera in cameras],
    )
    lenses = [pinhole_matrices(_fov(camera.key("fov"), len(frames)), *size, camera.owner) for camera in cameras]
    return agent_from_cameras(
        name=name,
        poses=poses,
        view_names=[camera.key("name").name() for camera in cameras],
        view_to_agent=to_opencv(_transforms(cameras)),
        intrinsics=torch.stack(lenses, dim=1),
        size=size,
        body=_body(item),
    )


def read_log(text: str, source: object, options: CarlaReadOptions) -> Agents:
    """Agents of a JSON log; `source` names it in warnings."""
    document = parse_json(text)
    vehicles = [(item.key("name").name(), item) for item in document.key("vehicles").items()]
    require_vehicles(options, [name for name, _ in vehicles])
    members = tuple(_agent(item, name, source, options) for name, item in vehicles if options.wants(name))
    stated = document.get("frame_rate")
    return Agents(members, options.frame_rate_or_assumed(source, stated=None if stated is None else stated.number()))


def _transform_documents(matrices: Tensor) -> list[dict[str, Any]]:
    location, rotation = location_and_rotation(matrices)
    return [
        {"location": position, "rotation": angles}
        for position, angles in zip(location.tolist(), rotation.tolist(), strict=True)
    ]


def _vehicle_document(agent: Agent) -> dict[str, Any]:
    rig = agent.rig
    fov = horizontal_fov(agent.intrinsics(), rig.width)
    varies = agent.frame_intrinsics is not None
    mounts = _transform_documents(from_opencv(rig.view_to_agent))
    document: dict[str, Any] = {
        "name": agent.name,
        "frames": _transform_documents(from_opencv(agent.poses)),
        "sensors": [
            {
                "name": name,
                "type": CAMERA_TYPE,
                "image_size_x": rig.width,
                "image_size_y": rig.height,
                "fov": fov[:, view].tolist() if varies else fov[0, view].item(),
                **mount,
            }
            for view, (name, mount) in enumerate(zip(rig.view_names, mounts, strict=True))
        ],
    }
    if agent.body is not None:
        (width, height, length), (right, down, forward) = agent.body.size, agent.body.centre
        document["extent"] = [length / 2, width / 2, height / 2]
        document["extent_location"] = [forward, right, -down]
    return document


def log_text(agents: Agents) -> str:
    """The JSON log of agents."""
    vehicles = [_vehicle_document(agent) for agent in agents.members]
    return format_json({"frame_rate": agents.frame_rate, "vehicles": vehicles}) + "\n"
