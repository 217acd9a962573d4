"""Logs of CARLA vehicles and their cameras, as JSON or CSV.

CARLA has no log format of its own that holds transforms as text, so this is ours: what `get_transform()` returns, frame
by frame. Axes are Unreal's (left-handed, x forward, y right, z up), metres and degrees; positive yaw turns to the
RIGHT. Every vehicle becomes an agent, the RGB cameras attached to it become its views; other sensors are ignored.

JSON: a vehicle's transforms are in the world, those of its sensors relative to the vehicle, as given to `spawn_actor`.

    {"frame_rate": 20.0,
     "vehicles": [{"name": "ego",
                   "frames": [{"location": [x, y, z], "rotation": [pitch, yaw, roll]}, …],
                   "sensors": [{"name": "front", "type": "sensor.camera.rgb",
                                "image_size_x": 800, "image_size_y": 600, "fov": 90.0,
                                "location": [x, y, z], "rotation": [pitch, yaw, roll]}],
                   "extent": [x, y, z], "extent_location": [x, y, z]}]}

`location` and `rotation` may also be objects ({"x": …}, {"pitch": …}); `fov` may be a list with one value per frame;
`extent` is `bounding_box.extent` (half sizes) and `extent_location` its `location` (0, 0, 0 if absent); both, `sensors`
and `frame_rate` are optional, and further keys are ignored.

CSV: one row per actor and frame, with the columns below in any order; `timestamp` (seconds) is optional. All
transforms are in the world, those of sensors too. `parent` is the `actor` a sensor is attached to; a camera without a
parent becomes an agent with one view. `fov`, `image_size_x` and `image_size_y` are read for cameras only. Blank lines
and lines that begin with # are skipped.

    frame,timestamp,actor,type,parent,x,y,z,pitch,yaw,roll,fov,image_size_x,image_size_y
"""

import logging
import re
from pathlib import Path

from ..agents import Agents
from . import carla_log_csv, carla_log_json
from .carla_axes import is_centred_square
from .carla_records import CarlaReadOptions
from .description import FileFormat, Head, WriteOptions
from .files import read_text, write_file

logger = logging.getLogger(__name__)


def _recognise(head: Head) -> bool:
    text = head.text
    if text.lstrip().startswith("{"):
        return all(re.search(rf'"{key}"\s*:', text) for key in ("vehicles", "location", "rotation"))
    return carla_log_csv.has_header(text)


def _read(path: Path, options: CarlaReadOptions) -> Agents:
    text = read_text(path)
    layout = carla_log_json if text.lstrip().startswith(("{", "[")) else carla_log_csv
    return layout.read_log(text, path, options)


def _write(agents: Agents, path: Path, options: WriteOptions) -> None:
    for agent in agents.members:
        if not is_centred_square(agent.intrinsics(), agent.rig.width, agent.rig.height):
            logger.warning(
                "%s: agent '%s' has a lens with an off-centre principal point, skew, or different focal lengths in x "
                "and y; CARLA knows only a horizontal field of view, so the rest is lost.",
                path,
                agent.name,
            )
    layout = carla_log_csv if path.suffix.lower() == ".csv" else carla_log_json
    write_file(path, layout.log_text(agents).encode("utf-8"))


FORMAT = FileFormat(
    id="carla_log",
    title="CARLA log",
    suffixes=(".json", ".csv"),
    direction="camera-to-world",
    camera_axes="Unreal: x forward, y right, z up; left-handed",
    world_axes="Unreal: x forward, y right, z up; left-handed",
    units="metres, degrees (positive yaw turns right, positive pitch looks up)",
    intrinsics="horizontal field of view in degrees and picture size; square pixels, centred principal point",
    lost_on_export="off-centre principal points, skew, fx other than fy; CSV also: bodies, frame rate beyond 9 digits",
    needed_on_import="frame rate where the log has none; rig for vehicles without an RGB camera",
    recognise=_recognise,
    read=_read,
    write=_write,
    read_options=CarlaReadOptions,
)
