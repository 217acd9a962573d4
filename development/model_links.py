"""Links to published files in nodes, from which ComfyUI's page offers models that are missing for download."""

from collections.abc import Sequence
from typing import Any

from huggingface_hub import hf_hub_url

from ..models.published_files import PUBLISHED_FILES, PublishedFile

HUB = "https://huggingface.co"


def model_links(values: Sequence[Any]) -> list[dict[str, str]]:
    """Entries for a node's `properties.models`, one per published file that its widgets' values name.

    The page finds an entry by its name. Where the name is not the last part of the address, as VGGT's, ComfyUI's
    desktop application saves under the name, but a browser keeps that of the address.
    """
    return [_link(file) for file in PUBLISHED_FILES.values() if file.name in values]


def _link(file: PublishedFile) -> dict[str, str]:
    link = {"name": file.name, "url": hf_hub_url(file.repository, file.path, endpoint=HUB), "directory": file.kind}
    return link if file.sha256 is None else {**link, "hash": file.sha256, "hash_type": "SHA256"}
