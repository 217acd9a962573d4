"""The CSV layout of CARLA logs; `carla_log` describes it."""

import csv
import io
import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..agents import Agent, Agents
from ..mounts import rigid_mounts
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
from .time_stamps import frame_rate_from_times

logger = logging.getLogger(__name__)

POSE_COLUMNS = (*LOCATION_KEYS, *ROTATION_KEYS)
CAMERA_COLUMNS = ("fov", "image_size_x", "image_size_y")
COLUMNS = ("frame", "timestamp", "actor", "type", "parent", *POSE_COLUMNS, *CAMERA_COLUMNS)
REQUIRED_COLUMNS = ("frame", "actor", *POSE_COLUMNS)


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    cells: list[str]
    columns: dict[str, int]

    def text(self, column: str) -> str:
        """A cell, empty where it is blank or the file lacks the column."""
        index = self.columns.get(column)
        return self.cells[index] if index is not None and self.cells[index].strip() else ""

    @property
    def place(self) -> str:
        return f"line {self.line}, actor '{self.text('actor')[:40]}', frame {self.text('frame')[:20].strip()}"

    def number(self, column: str) -> float:
        text = self.text(column)
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise ValueError(f"{self.place}, column {column}: expected a finite number, given '{text[:40]}'.")
        return value

    def whole_number(self, column: str) -> int:
        value = self.number(column)
        if value != int(value) or abs(value) >= 2**53:
            raise ValueError(f"{self.place}, column {column}: expected a whole number, given '{self.text(column)}'.")
        return int(value)

    def size(self) -> tuple[int, int]:
        width, height = self.whole_number("image_size_x"), self.whole_number("image_size_y")
        if width < 1 or height < 1:
            raise ValueError(f"{self.place}: the picture size must be positive, given {width}x{height}.")
        return width, height


@dataclass
class _Actor:
    """All rows of one actor, by frame number."""

    name: str
    kind: str
    parent: str
    rows: dict[int, _Row] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        return f"sensor '{self.name}' of '{self.parent}'" if self.parent else f"actor '{self.name}'"

    def poses(self, frames: list[int]) -> Tensor:
        """(frames, 4, 4) local-to-world in OpenCV axes."""
        values = [[self.rows[frame].number(column) for column in POSE_COLUMNS] for frame in frames]
        table = torch.tensor(values, dtype=torch.float64)
        return to_opencv(transform_matrix(table[:, :3], table[:, 3:]))

    def size(self) -> tuple[int, int]:
        rows = list(self.rows.values())
        return common_size([row.size() for row in rows], [row.place for row in rows])

    def lenses(self, frames: list[int], size: tuple[int, int]) -> Tensor:
        """(frames, 3, 3) pinhole matrices."""
        fov = torch.tensor([self.rows[frame].number("fov") for frame in frames], dtype=torch.float64)
        return pinhole_matrices(fov, *size, self.owner)


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of every line that is neither blank nor a comment."""
    reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells) and not cells[0].startswith("#"):
                yield reader.line_num, cells
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: not CSV ({error}).") from error


def _columns(cells: list[str]) -> list[str]:
    return [cell.strip().lower() for cell in cells]


def has_header(text: str) -> bool:
    """Whether a text begins with the header of a CARLA log."""
    try:
        _, cells = next(_records(text))
    except (StopIteration, ValueError):
        return False
    return set(REQUIRED_COLUMNS) <= set(_columns(cells))


def _rows(text: str) -> Iterator[_Row]:
    records = _records(text)
    line, header = next(records, (1, []))
    columns = {column: index for index, column in enumerate(_columns(header))}
    for column in REQUIRED_COLUMNS:
        if column not in columns:
            raise ValueError(f"line {line}: the header lacks the column '{column}', given {','.join(columns)}.")
    for line, cells in records:
        while len(cells) > len(columns) and not cells[-1].strip():
            cells.pop()
        if len(cells) != len(columns):
            raise ValueError(
                f"line {line}: expected {len(columns)} cells as in the header, given {len(cells)}; "
                "the line may be cut off."
            )
        row = _Row(line, cells, columns)
        if not row.text("actor"):
            raise ValueError(f"line {line}, column actor: the name is missing.")
        yield row


def _actors(text: str, options: CarlaReadOptions) -> list[_Actor]:
    """Vehicles, walkers and RGB cameras of a log, in the order in which they appear."""
    actors: dict[tuple[str, str], _Actor] = {}
    ignored: set[str] = set()
    seen: dict[str, None] = {}
    for row in _rows(text):
        kind = row.text("type").strip()
        name, parent = row.text("actor"), row.text("parent")
        is_camera = kind == CAMERA_TYPE or (not kind and bool(parent))
        if kind and not is_camera and not kind.startswith(("vehicle", "walker")):
            ignored.add(kind)
            continue
        seen.setdefault(parent or name)
        if not options.wants(parent or name):
            continue
        actor = actors.setdefault((parent, name), _Actor(name, CAMERA_TYPE if is_camera else "vehicle", parent))
        frame = row.whole_number("frame")
        if frame in actor.rows:
            raise ValueError(f"{row.place}: the frame is already given in line {actor.rows[frame].line}.")
        actor.rows[frame] = row
    if ignored:
        logger.info("Actors of other types are ignored: %s.", ", ".join(sorted(ignored)))
    require_vehicles(options, list(seen))
    return list(actors.values())


def _common_frames(actors: list[_Actor]) -> list[int]:
    first = actors[0]
    for actor in actors[1:]:
        difference = first.rows.keys() ^ actor.rows.keys()
        if difference:
            frame = min(difference)
            has, lacks = (first, actor) if frame in first.rows else (actor, first)
            raise ValueError(
                f"{lacks.owner} has no row for frame {frame}, which {has.owner} has; log all actors in every frame, "
                "or name only vehicles that are complete."
            )
    return sorted(first.rows)


def _agent(
    vehicle: _Actor, cameras: list[_Actor], frames: list[int], source: object, options: CarlaReadOptions
) -> Agent:
    poses = vehicle.poses(frames)
    if not cameras and vehicle.kind != CAMERA_TYPE:
        return Agent(vehicle.name, poses, rig_without_cameras(options, source, vehicle.name))
    cameras = cameras or [vehicle]
    camera_poses = torch.stack([camera.poses(frames) for camera in cameras], dim=1)
    names = [camera.name for camera in cameras]
    size = common_size([camera.size() for camera in cameras], [camera.owner for camera in cameras])
    return agent_from_cameras(
        name=vehicle.name,
        poses=poses,
        view_names=names,
        view_to_agent=rigid_mounts(poses, camera_poses, names, f"vehicle '{vehicle.name}'"),
        intrinsics=torch.stack([camera.lenses(frames, size) for camera in cameras], dim=1),
        size=size,
    )


def _frame_rate(actor: _Actor, frames: list[int], source: object) -> float | None:
    """Frames per second from the timestamps of one actor, to 9 digits."""
    if len(frames) < 2 or any(not actor.rows[frame].text("timestamp") for frame in frames):
        return None
    times = torch.tensor([actor.rows[frame].number("timestamp") for frame in frames], dtype=torch.float64)
    places = [f"{actor.rows[frame].place}, column timestamp" for frame in frames]
    return frame_rate_from_times(times, places, source)


def read_log(text: str, source: object, options: CarlaReadOptions) -> Agents:
    """Agents of a CSV log; `source` names it in warnings."""
    actors = _actors(text, options)
    vehicles = [actor for actor in actors if not actor.parent]
    names = {vehicle.name for vehicle in vehicles}
    for actor in actors:
        if actor.parent and actor.parent not in names:
            place = next(iter(actor.rows.values())).place
            raise ValueError(f"{place}: the parent '{actor.parent}' is neither a vehicle nor a walker of the log.")
    frames = _common_frames(actors)
    members = []
    for vehicle in vehicles:
        cameras = [actor for actor in actors if actor.parent == vehicle.name]
        members.append(_agent(vehicle, cameras, frames, source, options))
    stated = _frame_rate(actors[0], frames, source)
    return Agents(tuple(members), options.frame_rate_or_assumed(source, stated=stated))


def _pose_cells(poses: Tensor) -> list[list[float]]:
    location, rotation = location_and_rotation(from_opencv(poses))
    return torch.cat([location, rotation], dim=-1).tolist()


def log_text(agents: Agents) -> str:
    """The CSV log of agents."""
    tables = []
    for agent in agents.members:
        rig = agent.rig
        cameras = [_pose_cells(poses) for poses in agent.extrinsics().unbind(1)]
        fov = horizontal_fov(agent.intrinsics(), rig.width).tolist()
        tables.append((agent, _pose_cells(agent.poses), cameras, fov))
    stream = io.StringIO(newline="")
    # Quoted texts keep spaces at their ends, which the reader otherwise takes for padding.
    writer = csv.writer(stream, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    stream.write(",".join(COLUMNS) + "\n")
    for frame in range(agents.frame_count):
        time = frame / agents.frame_rate
        for agent, poses, cameras, fov in tables:
            writer.writerow([frame, time, agent.name, "vehicle", "", *poses[frame], "", "", ""])
            size = (agent.rig.width, agent.rig.height)
            for view, name in enumerate(agent.rig.view_names):
                row = [frame, time, name, CAMERA_TYPE, agent.name, *cameras[view][frame], fov[frame][view], *size]
                writer.writerow(row)
    return stream.getvalue()
