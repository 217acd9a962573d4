import pytest
import torch

from shared_world.world.formats.time_stamps import frame_rate_from_times


@pytest.mark.parametrize("rate", [1.0, 8.0, 15.0, 24.0, 30.0, 60.0, 24000 / 1001, 30000 / 1001, 60000 / 1001])
@pytest.mark.parametrize("frames", [2, 5, 81])
def test_usual_rates_survive_microseconds(rate, frames):
    microseconds = torch.tensor([round(frame / rate * 1e6) for frame in range(frames)], dtype=torch.float64)
    found = frame_rate_from_times(microseconds / 1e6, [""] * frames, "file", 1e-6)
    assert found == pytest.approx(rate, rel=1e-12)


def test_clocks_that_count_from_1970_hold_usual_rates():
    # Doubles are a quarter of a microsecond apart there.
    times = 1305031102.1753 + torch.arange(6, dtype=torch.float64) / 30.0
    assert frame_rate_from_times(times, [""] * 6, "file", 1e-9) == 30.0


def test_other_rates_are_not_bent():
    times = torch.arange(50, dtype=torch.float64) / 23.98
    assert frame_rate_from_times(times, [""] * 50, "file", 1e-6) == pytest.approx(23.98, rel=1e-8)


def test_a_single_frame_has_no_rate():
    assert frame_rate_from_times(torch.zeros(1), ["line 1"], "file") is None


def test_time_that_stands_still_is_named_with_its_place():
    with pytest.raises(ValueError, match="line 7: time does not increase from the frame before"):
        frame_rate_from_times(torch.tensor([0.0, 1.0, 1.0]), ["line 5", "line 6", "line 7"], "file")
