import pytest

from shared_world.training.windows import clip_windows


def test_paper_s_clips_of_a_recording_of_250_frames():
    windows = clip_windows(250)
    assert [window.start for window in windows] == [0, 49, 98]
    assert all(len(window) == 49 and window.step == 3 for window in windows)
    assert windows[-1][-1] < 250


@pytest.mark.parametrize(("frame_count", "count"), [(0, 0), (146, 0), (147, 1), (195, 1), (196, 2)])
def test_recordings_at_the_edges(frame_count, count):
    assert len(clip_windows(frame_count)) == count


def test_clip_of_the_trained_length_is_one_window():
    assert clip_windows(17, frames=17, interval=0, stride=17) == [range(17)]


@pytest.mark.parametrize(("frames", "interval", "stride"), [(0, 2, 49), (49, -1, 49), (49, 2, 0)])
def test_impossible_cuts_are_refused(frames, interval, stride):
    with pytest.raises(ValueError, match="given"):
        clip_windows(250, frames, interval, stride)
