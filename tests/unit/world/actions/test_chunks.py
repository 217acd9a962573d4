from dataclasses import replace

import pytest
import torch

from shared_world.tests.unit.world.actions.random_actions import IT_TAKES_TWO, idle_actions
from shared_world.world.actions import cut_chunks
from shared_world.world.actions.chunks import chunks_in, frames_for_chunks


def counting(frames):
    """Actions whose look_x is the number of the frame."""
    actions = idle_actions(IT_TAKES_TWO, frames)
    continuous = actions.continuous.clone()
    continuous[..., 0] = torch.arange(frames)
    return replace(actions, continuous=continuous)


def shown_frames(actions):
    return actions.continuous[0, :, 0].int().tolist()


def test_each_chunk_begins_with_the_last_frame_of_the_one_before():
    chunks = cut_chunks(counting(241), 3)
    assert [shown_frames(chunk) for chunk in chunks] == [list(range(k * 80, k * 80 + 81)) for k in range(3)]


def test_without_a_number_there_are_as_many_chunks_as_fit():
    assert [len(cut_chunks(counting(frames))) for frames in (81, 160, 161, 240, 241)] == [1, 1, 2, 2, 3]


def test_frames_after_the_last_chunk_are_left_out():
    assert shown_frames(cut_chunks(counting(300), 2)[-1]) == list(range(80, 161))


@pytest.mark.parametrize(
    ("frames", "chunks", "message"),
    [
        (200, 3, "3 chunks of 81 frames that share 1 need 241 frames of action, given 200: 41 frames are missing; give "
                 "longer actions or ask for 2 chunks."),
        (160, 2, "2 chunks of 81 frames that share 1 need 161 frames of action, given 160: 1 frame is missing; give "
                 "longer actions or ask for 1 chunk."),
        (80, 1, "1 chunk of 81 frames needs 81 frames of action, given 80: 1 frame is missing; give longer actions."),
        (12, None, "1 chunk of 81 frames needs 81 frames of action, given 12: 69 frames are missing; give longer "
                   "actions."),
    ],
)  # fmt: skip
def test_actions_that_are_too_short_say_how_many_frames_are_missing(frames, chunks, message):
    with pytest.raises(ValueError, match=r"missing") as caught:
        cut_chunks(counting(frames), chunks)
    assert str(caught.value) == message


def test_lengths_and_numbers_of_chunks_agree():
    for chunk_frames, overlap in ((81, 1), (33, 5), (9, 0)):
        for chunks in range(1, 6):
            frames = frames_for_chunks(chunks, chunk_frames, overlap)
            assert chunks_in(frames, chunk_frames, overlap) == chunks
            assert chunks_in(frames - 1, chunk_frames, overlap) == chunks - 1
            assert len(cut_chunks(counting(frames), chunks, chunk_frames, overlap)) == chunks


def test_impossible_requests_are_refused():
    with pytest.raises(ValueError, match="at least 1 chunk, given 0"):
        cut_chunks(counting(81), 0)
    with pytest.raises(ValueError, match="Chunks of 9 frames cannot share 9"):
        cut_chunks(counting(81), 1, 9, 9)
