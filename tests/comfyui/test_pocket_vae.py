"""The pocket VAE in a running ComfyUI."""

import pytest

from shared_world.development.comfyui_server import GraphFailed
from shared_world.development.locations import ROOT
from shared_world.development.tiny_checkpoints import HEIGHT, WIDTH
from shared_world.tests.comfyui.graphs import POCKET_VAE, loaders, pocket_vae, split, two_agents
from shared_world.tests.comfyui.test_every_node import colours

LOADERS = {
    "diffusion_models": [("SharedWorldLoadModel", "model_name"), ("UNETLoader", "unet_name")],
    "vae": [("SharedWorldLoadVAE", "vae_name"), ("VAELoader", "vae_name")],
}


def options(description):
    """Files that a list offers, in either of the ways in which nodes describe lists."""
    kind, *settings = description
    return kind if isinstance(kind, list) else settings[0]["options"]


@pytest.mark.oldest
@pytest.mark.parametrize("kind", LOADERS)
def test_models_of_the_pack_are_listed_once_it_is_installed(server, kind):
    folders = server.get("/internal/folder_paths")[kind]
    assert folders[-1].endswith(f"pocket/checkpoints/{kind}")
    assert len(folders) > 1
    info = server.object_info()
    shipped = {path.name for path in (ROOT / "pocket" / "checkpoints" / kind).glob("*.safetensors")}
    for node, name in LOADERS[kind]:
        assert shipped <= set(options(info[node]["input"]["required"][name]))


@pytest.mark.oldest
def test_two_agents_are_encoded_sampled_and_decoded(server):
    graph = split(two_agents())
    graph.add("each", "SharedWorldSplitAgents", samples=["sampler", 0], vae=["vae", 0], layout="1x1", frame_rate=8.0)
    graph.add("ours", "SaveImage", images=["each", 0], filename_prefix="ours")
    graph.add("whole", "VAEDecode", samples=["sampler", 0], vae=["vae", 0])
    graph.add("stock", "SaveImage", images=["whole", 0], filename_prefix="stock")
    tiles = {"tile_size": 64, "overlap": 0, "temporal_size": 64, "temporal_overlap": 8}
    graph.add("in_tiles", "VAEDecodeTiled", samples=["sampler", 0], vae=["vae", 0], **tiles)
    graph.add("tiled", "SaveImage", images=["in_tiles", 0], filename_prefix="tiled")
    outputs = server.run(graph)
    ours, stock, tiled = (
        [colours(server, entry) for entry in outputs[node]["images"]] for node in ("ours", "stock", "tiled")
    )
    assert len(ours) == len(stock) == len(tiled) == 2 * 17
    assert ours[0].shape == tiled[0].shape == (HEIGHT, WIDTH, 3)
    assert all((ours[frame] == stock[frame]).all() for frame in range(2 * 17))
    assert ours[-1].std() > 1


@pytest.mark.oldest
def test_comfyuis_own_loader_refuses_it_as_the_help_page_says(server):
    graph = pocket_vae(loaders()).add("vae", "VAELoader", vae_name=POCKET_VAE)
    graph.add("picture_1", "EmptyImage", width=32, height=32, batch_size=1, color=0)
    graph.add("direct", "VAEEncode", pixels=["picture_1", 0], vae=["vae", 0])
    graph.add("latent", "SaveLatent", samples=["direct", 0], filename_prefix="latent")
    with pytest.raises(GraphFailed, match="VAE is invalid: None"):
        server.run(graph)
