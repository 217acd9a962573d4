import pytest
import torch
from torch import nn

from shared_world.models.checkpoints import CheckpointError, write_checkpoint
from shared_world.models.pocket_vae import (
    SYSTEM,
    PocketVAE,
    PocketVAEConfig,
    from_patches,
    initialise_from_patches,
    load_pocket_vae,
    to_patches,
)

TINY = PocketVAEConfig(latent_channels=6, width=8, encoder_blocks=1, decoder_blocks=2, fine_width=4, fine_blocks=1)


def video(frames=9, height=16, width=24, seed=0):
    return torch.rand(2, 3, frames, height, width, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def random_vae(seed=0):
    network = PocketVAE(TINY)
    generator = torch.Generator().manual_seed(seed)
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.1, generator=generator)
    return network.eval()


def low_rank_patches(rank, count=500):
    generator = torch.Generator().manual_seed(0)
    spread = torch.randn(count, rank, generator=generator) * torch.arange(rank, 0, -1)
    return spread @ torch.randn(rank, 768, generator=generator) / 30 + 0.3


def test_patches_hold_four_frames_and_the_first_frame_four_times():
    frames = torch.arange(9.0).view(1, 1, 9, 1, 1).expand(1, 3, 9, 8, 8)
    patches = to_patches(frames)
    assert patches.shape == (1, 768, 3, 1, 1)
    by_frame = patches[0, :, :, 0, 0].unflatten(0, (3, 4, 64))
    assert by_frame[0, :, 0].T.tolist() == [[0, 0, 0, 0], [1, 2, 3, 4], [5, 6, 7, 8]]
    assert torch.equal(from_patches(patches), frames)


def test_shapes_of_latents_and_video():
    network = random_vae()
    latents = network.encode(video())
    assert latents.shape == (2, 6, 3, 2, 3)
    assert network.decode(latents).shape == (2, 3, 9, 16, 24)


def test_first_frame_alone_encodes_to_the_first_latent_frame():
    """ShareVerse's condition is the first frame on its own; another latent would be unknown to the trained network."""
    network, whole = random_vae(), video()
    torch.testing.assert_close(network.encode(whole[:, :, :1]), network.encode(whole)[:, :, :1])


def test_principal_components_reconstruct_what_they_span():
    network = PocketVAE(TINY)
    patches = low_rank_patches(rank=6)
    initialise_from_patches(network, patches, torch.Generator().manual_seed(0))
    latents = network.encoder_linear(patches[:, :, None, None, None])
    torch.testing.assert_close(network.decoder_linear(latents).flatten(1), patches, atol=1e-4, rtol=1e-4)
    assert latents.square().mean().item() == pytest.approx(1.0, rel=1e-3)
    deviations = latents.std(0).flatten()
    assert (deviations.diff() <= 1e-5).all()


def test_residual_paths_start_as_nothing_but_learn():
    network = PocketVAE(TINY)
    initialise_from_patches(network, low_rank_patches(rank=20), torch.Generator().manual_seed(0))
    given = video()
    latents = network.encode(given)
    torch.testing.assert_close(latents, network.encoder_linear(to_patches(given)))
    torch.testing.assert_close(network.decode(latents), from_patches(network.decoder_linear(latents)))

    optimizer = torch.optim.AdamW(network.parameters(), lr=0.01)
    unreached = {name for name, _ in network.named_parameters()}
    for _ in range(3):
        shown, _ = network(given)
        optimizer.zero_grad()
        (shown - given).square().mean().backward()
        unreached -= {name for name, parameter in network.named_parameters() if parameter.grad.any()}
        optimizer.step()
    assert unreached == set()


def test_data_without_variance_leaves_finite_weights():
    network = PocketVAE(TINY)
    initialise_from_patches(network, torch.full((50, 768), 0.5), torch.Generator().manual_seed(0))
    assert all(parameter.isfinite().all() for parameter in network.parameters())


@pytest.mark.parametrize(("frames", "height", "width"), [(8, 16, 24), (9, 20, 24), (9, 16, 20)])
def test_sizes_that_do_not_fit_are_refused(frames, height, width):
    with pytest.raises(ValueError, match=f"4k\\+1 frames whose sides are multiples of 8, given {frames} frames of"):
        random_vae().encode(video(frames, height, width))


def test_file_gives_the_same_network_back(tmp_path):
    network, path = random_vae(), tmp_path / "vae.safetensors"
    record = {"system": SYSTEM, "network": TINY.to_dict(), "latent_scale": 0.8}
    write_checkpoint(path, network.state_dict(), record)
    loaded, read = load_pocket_vae(path)
    assert read["latent_scale"] == 0.8
    assert torch.equal(loaded.encode(video()), network.encode(video()))


def test_damaged_files_are_named(tmp_path):
    path = tmp_path / "vae.safetensors"
    tensors = random_vae().state_dict()
    write_checkpoint(path, tensors, {"system": "shareverse"})
    with pytest.raises(CheckpointError, match="not a pocket VAE"):
        load_pocket_vae(path)
    write_checkpoint(path, tensors, {"system": SYSTEM, "network": {**TINY.to_dict(), "width": 16}})
    with pytest.raises(CheckpointError, match="missing or misshapen"):
        load_pocket_vae(path)
    write_checkpoint(path, tensors, {"system": SYSTEM, "network": {"depth": 3}})
    with pytest.raises(CheckpointError, match="no size 'depth' of 3"):
        load_pocket_vae(path)
