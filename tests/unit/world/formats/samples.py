"""A file by hand of every format, for the tests that all formats share."""

from pathlib import Path

from shared_world.world.formats import ReadOptions

DATA = Path(__file__).parent / "data"

SAMPLES = {
    "two_agents.json": "shared_world_json",
    "carla_right_turn.json": "carla_log",
    "carla_two_cars.csv": "carla_log",
    "transforms.json": "nerfstudio_transforms",
    "realestate10k.txt": "realestate10k",
    "tum.txt": "tum",
    "kitti.txt": "kitti",
    "colmap/cameras.txt": "colmap",
    "colmap/images.txt": "colmap",
    "lingbot/poses.npy": "lingbot",
    "camera_extrinsics.json": "recammaster",
    "camera.chan": "chan",
    "worldplay.json": "hy_worldplay",
    "worldplay.txt": "hy_worldplay",
    "versecrafter/custom_camera_trajectory.npz": "versecrafter",
    "versecrafter/custom_3D_gaussian_trajectory.json": "versecrafter",
    "gltf/crane.gltf": "gltf",
    "dolly.glb": "gltf",
    "minecraft.jsonl": "action_jsonl",
    "keys.jsonl": "action_jsonl",
}
"""Format id by file below `data`; what else lies in a folder of its own belongs to the file."""

COMPANIONS = {"colmap/rigs.txt": "colmap", "colmap/frames.txt": "colmap", "lingbot/intrinsics.npy": "lingbot"}
"""Files that are read with a sample and are not recognised alone."""

OPTIONS = ReadOptions(frame_rate=8.0, width=640, height=480, horizontal_fov=90.0)
"""All that a format may lack."""

NEEDS_NAME = {"camera.chan", "lingbot/poses.npy"}
"""Samples that are recognised by their name too, not by content alone."""
