"""The data set that a run adds to: which videos it has, and new clips."""

import json
import logging
import shutil
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..pocket.clip_files import CLIP_FILE, read_document
from ..pocket.index import (
    CLIPS_FOLDER,
    append_entry,
    clip_folder,
    open_data_set,
    remove_left_overs,
    repair_index,
)
from ..world.formats.files import write_file
from .clip_files import UnrolledClip, file_names, read_unrolled_clip
from .graph import Template

logger = logging.getLogger(__name__)

GRAPH_FILE = "graph.json"


class UnrolledDataSet:
    """A data set of unrolled videos, which one process writes.

    Attributes:
        folder: laid out as `pocket.index` says, with the graph beside.
        videos: number of the clip by the video's name.
    """

    def __init__(self, folder: Path, template: Template) -> None:
        """Open or begin a data set.

        Raises:
            ValueError: if the folder holds a data set that another graph made.
        """
        self.folder = folder
        open_data_set(folder, {"made_by": "unroll", "graph": template.digest()})
        write_file(folder / GRAPH_FILE, (json.dumps(template.graph, indent=1) + "\n").encode())
        remove_left_overs(folder)
        documents = {number: complete_document(path) for number, path in self._folders()}
        for number, document in documents.items():
            if document is None:
                path = folder / clip_folder(number)
                path.rename(path.with_name(f"{path.name}.{uuid.uuid4().hex}.incomplete"))
        complete = {number: document for number, document in documents.items() if document is not None}
        listed = {entry.number for entry in repair_index(folder)}
        for number, document in complete.items():
            if number not in listed:  # the run was killed in between
                append_entry(folder, _entry(number, document))
        self.videos = {document["source"]["video"]: number for number, document in complete.items()}
        self._next = max(documents, default=-1) + 1

    def add(self, video: str, files: Mapping[str, bytes]) -> UnrolledClip:
        """Write the clip of a video and list it; it appears complete or not at all.

        Args:
            video: its name.
            files: contents by name, among them that of `clip.json`.

        Raises:
            ValueError: if they are no complete, readable clip.
            OSError: if they cannot be written.
        """
        number = self._next
        final = self.folder / clip_folder(number)
        document = _document(files) | {"source": {"video": video}}
        contents = {**files, CLIP_FILE: (json.dumps(document, indent=1) + "\n").encode()}
        temporary = final.with_name(f".{final.name}.{uuid.uuid4().hex}.tmp")
        temporary.mkdir(parents=True)
        try:
            for name, content in contents.items():
                write_file(temporary / name, content)
            clip = read_unrolled_clip(temporary)
            temporary.rename(final)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        append_entry(self.folder, _entry(number, document))
        self.videos[video] = number
        self._next = number + 1
        return clip

    def _folders(self) -> Iterator[tuple[int, Path]]:
        for path in sorted((self.folder / CLIPS_FOLDER).glob("*/*")):
            if path.name.isdigit() and (self.folder / clip_folder(int(path.name))) == path:
                yield int(path.name), path


def complete_document(folder: Path) -> dict[str, Any] | None:
    """What `clip.json` of a folder holds, or None, with a warning, if something is missing of the clip."""
    try:
        document = read_document(folder)
        missing = [name for name in sorted(file_names(document)) if not (folder / name).is_file()]
        if missing:
            raise ValueError(f"{folder}: {missing[0]} is missing")
        str(document["source"]["video"])
    except (LookupError, TypeError, ValueError) as error:
        logger.warning("%s; the folder is set aside and its video unrolled again.", str(error).rstrip("."))
        return None
    return document


def _document(files: Mapping[str, bytes]) -> dict[str, Any]:
    try:
        document = json.loads(files[CLIP_FILE])
        expected = file_names(document)
    except (KeyError, ValueError) as error:
        raise ValueError(f"the server's clip cannot be read ({error})") from error
    if expected != set(files):
        raise ValueError(f"the server's clip lacks {', '.join(sorted(expected ^ set(files)))}")
    return document


def _entry(number: int, document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "number": number,
        "folder": clip_folder(number),
        "video": document["source"]["video"],
        "subjects": len(document["subjects"]),
        "frames": document["frames"],
    }
