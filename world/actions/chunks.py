"""Actions cut for a rollout: chunk after chunk, each beginning with the last frame of the one before."""

from .actions import Actions

CHUNK_FRAMES = 81
"""Frames of a chunk that MultiWorld was trained on."""

OVERLAP = 1
"""Frames that a chunk shares with the one before: its given first frame."""


def frames_for_chunks(chunks: int, chunk_frames: int = CHUNK_FRAMES, overlap: int = OVERLAP) -> int:
    """How many frames of action a rollout of so many chunks takes: 81, 161, 241, ..."""
    return chunks * (chunk_frames - overlap) + overlap


def chunks_in(frame_count: int, chunk_frames: int = CHUNK_FRAMES, overlap: int = OVERLAP) -> int:
    """How many whole chunks so many frames of action last for."""
    return max(0, (frame_count - overlap) // (chunk_frames - overlap))


def cut_chunks(
    actions: Actions, chunks: int | None = None, chunk_frames: int = CHUNK_FRAMES, overlap: int = OVERLAP
) -> list[Actions]:
    """The actions of each chunk; chunk k has frames 80k to 80k + 80 with the usual lengths.

    Args:
        actions: at video rate; frames after the last chunk are left out.
        chunks: how many; None for as many as the actions last for.
        chunk_frames: frames per chunk.
        overlap: frames that neighbouring chunks share.

    Raises:
        ValueError: if the actions are too short, with the number of frames that are missing; nothing is repeated.
    """
    if not 0 <= overlap < chunk_frames:
        raise ValueError(
            f"Chunks of {chunk_frames} frames cannot share {overlap}; share fewer frames than a chunk has."
        )
    if chunks is not None and chunks < 1:
        raise ValueError(f"A rollout needs at least 1 chunk, given {chunks}.")
    possible = chunks_in(actions.frame_count, chunk_frames, overlap)
    wanted = max(1, possible) if chunks is None else chunks
    if wanted > possible:
        raise ValueError(_too_short(actions.frame_count, wanted, possible, chunk_frames, overlap))
    starts = [number * (chunk_frames - overlap) for number in range(wanted)]
    return [actions.select_frames(range(start, start + chunk_frames)) for start in starts]


def _too_short(given: int, wanted: int, possible: int, chunk_frames: int, overlap: int) -> str:
    needed = frames_for_chunks(wanted, chunk_frames, overlap)
    missing = needed - given
    chunks = f"1 chunk of {chunk_frames} frames needs"
    if wanted > 1:
        shared = f" that share {overlap}" if overlap else ""
        chunks = f"{wanted} chunks of {chunk_frames} frames{shared} need"
    fewer = f" or ask for {possible} chunk{'s' if possible > 1 else ''}" if possible else ""
    return (
        f"{chunks} {needed} frames of action, given {given}: "
        f"{missing} frame{'s are' if missing > 1 else ' is'} missing; give longer actions{fewer}."
    )
