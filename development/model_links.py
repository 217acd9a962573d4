"""Links to published files in nodes, from which ComfyUI's page offers models that are missing for download."""

from collections.abc import Sequence
from typing import Any

from huggingface_hub import hf_hub_url

from ..models.published_files import PUBLISHED_FILES, PublishedFile
from .page_graphs import DEPTH_ANYTHING, MOGE, SEGMENT_ANYTHING

HUB = "https://huggingface.co"

OF_COMFYUI = {
    MOGE: ("Comfy-Org/MoGe", "geometry_estimation"),
    DEPTH_ANYTHING: ("Comfy-Org/Depth-Anything-3", "geometry_estimation"),
    SEGMENT_ANYTHING: ("Comfy-Org/sam3.1", "checkpoints"),
}
"""Files for ComfyUI's own nodes: repository, and the folder that they have there and belong in."""


def model_links(values: Sequence[Any]) -> list[dict[str, str]]:
    """Entries for a node's `properties.models`, one per downloadable file that its widgets' values name.

    The page finds an entry by its name. Where the name is not the last part of the address, as VGGT's, ComfyUI's
    desktop application saves under the name, but a browser keeps that of the address.
    """
    published = [_link(file) for file in PUBLISHED_FILES.values() if file.name in values]
    return published + [comfyui_link(name) for name in OF_COMFYUI if name in values]


def comfyui_link(name: str) -> dict[str, str]:
    """Entry of a file of `OF_COMFYUI`."""
    repository, folder = OF_COMFYUI[name]
    return _entry(name, repository, f"{folder}/{name}", folder)


def _link(file: PublishedFile) -> dict[str, str]:
    link = _entry(file.name, file.repository, file.path, file.kind)
    return link if file.sha256 is None else {**link, "hash": file.sha256, "hash_type": "SHA256"}


def _entry(name: str, repository: str, path: str, folder: str) -> dict[str, str]:
    return {"name": name, "url": hf_hub_url(repository, path, endpoint=HUB), "directory": folder}
