"""Small data sets in the layout of recorded clips."""

import json

import torch

from shared_world.pocket.clip_files import encode_video
from shared_world.pocket.index import append_entry, clip_folder
from shared_world.world.encounters import encounter
from shared_world.world.formats import write_agents
from shared_world.world.rigs import four_view_rig
from shared_world.world.tiles import TWO_BY_TWO

FRAMES = 5


def write_recorded_clip(data_set, number, frames=FRAMES, seed=0, format_id="shared_world_json", view=8):
    """A clip as one would store a recording: two agents on their paths, tiles of smooth random pictures, no recipe."""
    folder = data_set / clip_folder(number)
    folder.mkdir(parents=True)
    rig = four_view_rig(view, view)
    agents = encounter("head_on", distance=8.0, speed=3.0 + seed, frames=frames, frame_rate=8.0, rig=rig, seed=seed)
    write_agents(agents, folder / "agents.json", format_id)
    coarse = torch.rand(2, 3, frames, 2, 2, generator=torch.Generator().manual_seed(seed))
    smooth = torch.nn.functional.interpolate(coarse, (frames, 2 * view, 2 * view), mode="trilinear")
    tiles = (smooth.movedim(1, -1) * 255).to(torch.uint8)
    for number_of_agent, tile in enumerate(tiles, 1):
        (folder / f"agent_{number_of_agent}.mkv").write_bytes(encode_video(tile.contiguous(), 8.0))
    document = {
        "format": "shared_world_clip",
        "version": 1,
        "agents": "agents.json",
        "videos": [{"agent": name, "file": f"agent_{index}.mkv"} for index, name in enumerate(agents.names, 1)],
        "tile": TWO_BY_TWO.to_dict(),
        "frames": frames,
        "frame_rate": 8.0,
    }
    (folder / "clip.json").write_text(json.dumps(document))
    append_entry(data_set, {"number": number, "folder": clip_folder(number), "town_seed": 1000 + seed})
    return tiles
