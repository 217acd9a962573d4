"""Cutting long recordings into clips of the trained length."""


def clip_windows(frame_count: int, frames: int = 49, interval: int = 2, stride: int = 49) -> list[range]:
    """Source frames of every clip in a recording (section 3).

    Args:
        frame_count: frames of the recording.
        frames: frames of a clip.
        interval: source frames left out after each one that is taken; 49 frames at interval 2 stand for 147.
        stride: source frames between the starts of two clips.

    Returns:
        One range of frame indices per clip; none if the recording is too short.

    Raises:
        ValueError: if a number is out of range.
    """
    if frames < 1 or interval < 0 or stride < 1:
        raise ValueError(
            f"Clips need at least 1 frame, an interval of 0 or more and a stride of 1 or more, "
            f"given {frames}, {interval} and {stride}."
        )
    step = interval + 1
    span = frames * step
    return [range(start, start + span, step) for start in range(0, frame_count - span + 1, stride)]
