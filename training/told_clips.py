"""Clips whose scene is known, in whichever way: with depth of every frame, or unrolled."""

from ..pocket.clip_files import read_document
from .clips import Clip, ClipError
from .posed_clips import PosedWindow, read_posed_windows
from .settings import DataSettings
from .unrolled_clips import UnrolledWindow, read_unrolled_windows


def read_told_windows(clip: Clip, data: DataSettings) -> list[PosedWindow] | list[UnrolledWindow]:
    """The parts of a clip that have the trained length.

    Raises:
        ClipError: if anything is missing, broken or of a size that does not fit.
    """
    try:
        document = read_document(clip.folder)
    except ValueError as error:
        raise ClipError(str(error)) from error
    read = read_unrolled_windows if "unrolled" in document else read_posed_windows
    return read(clip, data)
