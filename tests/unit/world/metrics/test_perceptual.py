import logging

import pytest
import torch

from shared_world.world.metrics.perceptual import find_lpips


@pytest.fixture
def empty_hub(tmp_path):
    """torch's folder of downloaded weights, empty."""
    before = torch.hub.get_dir()
    torch.hub.set_dir(str(tmp_path))
    yield tmp_path
    torch.hub.set_dir(before)


def test_lpips_is_absent_without_its_weights_and_downloads_nothing(empty_hub, caplog):
    with caplog.at_level(logging.INFO):
        assert find_lpips() is None
    assert "LPIPS is left out" in caplog.text
    assert not list(empty_hub.rglob("*"))


def test_lpips_is_that_of_torchmetrics(empty_hub):
    image = pytest.importorskip("torchmetrics.image.lpip")
    models = pytest.importorskip("torchvision.models")
    (empty_hub / "checkpoints").mkdir()
    torch.manual_seed(0)
    file = models.AlexNet_Weights.DEFAULT.url.rsplit("/", 1)[-1]
    torch.save(models.alexnet(weights=None).state_dict(), empty_hub / "checkpoints" / file)
    lpips = find_lpips()
    truth = torch.rand(2, 20, 64, 64, 3)
    noisy = (truth + 0.3 * torch.rand_like(truth)).clamp(0, 1)
    assert lpips(truth, truth) == pytest.approx(0.0, abs=1e-6)
    whole = image.LearnedPerceptualImagePatchSimilarity("alex", normalize=True)
    expected = whole(noisy.flatten(0, 1).movedim(-1, 1), truth.flatten(0, 1).movedim(-1, 1)).item()
    assert lpips(noisy, truth) == pytest.approx(expected, rel=1e-4)
    assert expected > 0
