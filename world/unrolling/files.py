"""Unrolled worlds as folders.

    agents.json           the agents, in the pack's own format
    scene.safetensors     background and Gaussians, see `world.scene.files`
    unrolled.json         format, version, identities, frames seen, warnings

Other files may lie beside them. A folder is written under a temporary name and renamed when it is complete.
"""

import json
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path

import torch

from ..formats import read_agents, write_agents
from ..formats.files import read_text, write_file
from ..scene.files import read_scene, write_scene
from .identity import Identity
from .result import UnrolledWorld

FORMAT, VERSION = "shared_world_unrolled", 1
AGENTS_FILE, SCENE_FILE, UNROLLED_FILE = "agents.json", "scene.safetensors", "unrolled.json"


def write_unrolled(world: UnrolledWorld, folder: Path, beside: Mapping[str, bytes] | None = None) -> None:
    """Write a world without loss into a new folder.

    Args:
        world: what is written.
        folder: where.
        beside: contents of further files of the folder, by their names.

    Raises:
        FileExistsError: if the folder is there already; it stays as it is.
        OSError: if it cannot be written; nothing is left behind.
    """
    if folder.exists():
        raise FileExistsError(f"{folder}: there is such a folder already; choose another name.")
    document = {
        "format": FORMAT,
        "version": VERSION,
        "identities": [{"frame": identity.frame, "box": list(identity.box)} for identity in world.identities],
        "seen": world.seen.int().tolist(),
        "warnings": list(world.warnings),
    }
    temporary = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}.tmp")
    temporary.mkdir(parents=True)
    try:
        write_agents(world.agents, temporary / AGENTS_FILE, "shared_world_json")
        write_scene(world.scene, temporary / SCENE_FILE)
        write_file(temporary / UNROLLED_FILE, (json.dumps(document, indent=1, allow_nan=False) + "\n").encode())
        for name, content in (beside or {}).items():
            write_file(temporary / name, content)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def read_unrolled(folder: Path) -> UnrolledWorld:
    """The world in a folder.

    Raises:
        FileNotFoundError: if a file is missing.
        ValueError: if a file is damaged, or of a newer version.
    """
    path = folder / UNROLLED_FILE
    try:
        document = json.loads(read_text(path))
        if document["format"] != FORMAT or document["version"] != VERSION:
            raise ValueError(
                f"it holds {document['format']} of version {document['version']}, expected {FORMAT} {VERSION}"
            )
        identities = tuple(Identity(item["frame"], tuple(item["box"])) for item in document["identities"])
        warnings = tuple(str(warning) for warning in document["warnings"])
        agents = read_agents(folder / AGENTS_FILE, format_id="shared_world_json")
        seen = torch.tensor(document["seen"], dtype=torch.bool).reshape(len(identities), agents.frame_count)
        return UnrolledWorld(read_scene(folder / SCENE_FILE), agents, identities, seen, warnings)
    except FileNotFoundError:
        raise
    except (LookupError, TypeError, RuntimeError, RecursionError, OverflowError, ValueError) as error:
        raise ValueError(f"{folder}: the unrolled world cannot be read ({error}).") from error
