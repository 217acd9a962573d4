"""The tiny checkpoints that the example graphs run on in the demo and in tests."""

import hashlib
import shutil
import tempfile
from pathlib import Path

from filelock import FileLock

from .locations import COMFYUI, ROOT


def example_models() -> Path:
    """Return a folder laid out like ComfyUI's models folder; written anew when the code that makes it changes."""
    from .tiny_checkpoints import write_tiny_checkpoints

    makers = sorted((ROOT / "development").glob("tiny_*.py"))
    sources = [*makers, *sorted((ROOT / "models").rglob("*.py"))]
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    folder = COMFYUI / "example_models" / digest
    with FileLock(COMFYUI / "example_models.lock"):  # Test processes that start together make them once.
        if not folder.is_dir():
            shutil.rmtree(folder.parent, ignore_errors=True)
            folder.parent.mkdir(parents=True)
            partial = Path(tempfile.mkdtemp(dir=folder.parent))
            write_tiny_checkpoints(partial)
            partial.rename(folder)
    return folder
