"""Videos to unroll: which files they are, and what belongs to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".webm")


@dataclass(frozen=True)
class Video:
    """A video file.

    Attributes:
        name: what the data set calls it: its path in the folder that was given, with forward slashes.
        path: of the file.
    """

    name: str
    path: Path

    def beside(self, ending: str) -> Path:
        """The file beside it with its name and another ending."""
        return self.path.with_name(self.path.stem + ending)


def find_videos(places: Sequence[Path], endings: Sequence[str] = ()) -> list[Video]:
    """All videos in folders, at any depth, and those that are named.

    Args:
        places: files and folders.
        endings: of files beside the videos, which are none themselves.

    Raises:
        FileNotFoundError: if there is no such file or folder.
        ValueError: if there is no video, or two have one name.
    """
    videos: dict[str, Video] = {}
    for place in places:
        for path in [place] if place.is_file() else _in_folder(place, endings):
            name = path.name if place.is_file() else path.relative_to(place).as_posix()
            if name in videos and videos[name].path.resolve() != path.resolve():
                raise ValueError(f"{path} and {videos[name].path} are both called '{name}'; rename one of them.")
            videos[name] = Video(name, path)
    if not videos:
        raise ValueError(f"There is no video in {', '.join(str(place) for place in places)} ({', '.join(SUFFIXES)}).")
    return [videos[name] for name in sorted(videos)]


def _in_folder(folder: Path, endings: Sequence[str]) -> list[Path]:
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: there is no such file or folder.")
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix.lower() in SUFFIXES and not path.name.endswith(tuple(endings))
    ]
