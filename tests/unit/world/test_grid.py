import pytest
import torch

from shared_world.world.grid import GAP, PAPER, video_grid


def video(value: float, frames: int = 3, height: int = 32, width: int = 48) -> torch.Tensor:
    return torch.full((frames, height, width, 3), value)


def test_videos_stand_in_rows_in_their_order():
    grid = video_grid([video(0.2), video(0.4), video(0.6)], columns=2)
    assert grid.shape == (3, 2 * (32 + GAP), 2 * (48 + GAP), 3)
    assert (grid[:, :32, :48] == 0.2).all()
    assert (grid[:, :32, 48 + GAP : 96 + GAP] == 0.4).all()
    assert (grid[:, 32 + GAP : 64 + GAP, :48] == 0.6).all()
    assert (grid[:, 32 + GAP :, 48 + GAP :] == PAPER).all()


def test_a_short_video_holds_its_last_frame():
    short = torch.stack([torch.full((32, 48, 3), 0.1), torch.full((32, 48, 3), 0.9)])
    grid = video_grid([video(0.5, frames=4), short])
    assert (grid[:, :32, 48 + GAP : 96 + GAP].mean((1, 2, 3)) - torch.tensor([0.1, 0.9, 0.9, 0.9])).abs().max() < 1e-6


def test_odd_sizes_become_even_for_encoders():
    assert [size % 2 for size in video_grid([video(0.5, height=31, width=47)]).shape[1:3]] == [0, 0]


def test_labels_are_drawn_above_and_leave_the_video_untouched():
    plain, labelled = video_grid([video(0.5)]), video_grid([video(0.5)], ["agent 1 front"])
    label_height = labelled.shape[1] - plain.shape[1]
    assert label_height > 0
    assert (labelled[:, label_height:] == plain).all()
    ink = (labelled[0, :label_height] > 0.5).any(-1)
    assert ink.any()
    assert not ink[:, 48:].any(), "a long label must be shrunk into its video's width"


def test_a_width_scales_the_videos_in_proportion():
    assert video_grid([video(0.5)], view_width=96).shape == (3, 64 + GAP, 96 + GAP, 3)


@pytest.mark.parametrize(
    ("videos", "labels", "words"),
    [
        ([], [], "no video"),
        ([video(0), video(0, width=40)], [], "video 2 is 40x32"),
        ([video(0)] * 2, ["one"], "2 videos"),
    ],
)
def test_refusals_name_the_fault(videos, labels, words):
    with pytest.raises(ValueError, match=words):
        video_grid(videos, labels)
