"""Files that hold agents: one module per file format, found and called through the registry.

A module of this package that defines `FORMAT = FileFormat(...)` is a format; nothing else has to be registered.
Whatever a file says, `read_agents` returns camera-to-world poses with OpenCV axes, right-handed, in metres, all in the
world frame of the file; nothing is re-based to a first frame, see `world.rebasing` for that.

Several files become several agents (`read_agents_from_files`), and `ReadOptions.cameras` says whether cameras become
agents or the views of one. Formats that hold one camera per file write several files.
"""

from .description import FileFormat, Head, ReadOptions, WriteOptions
from .registry import all_formats, find_format, read_agents, read_agents_from_files, recognise, write_agents

__all__ = [
    "FileFormat",
    "Head",
    "ReadOptions",
    "WriteOptions",
    "all_formats",
    "find_format",
    "read_agents",
    "read_agents_from_files",
    "recognise",
    "write_agents",
]
