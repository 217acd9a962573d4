import pytest

from shared_world.models.cogvideox.key_layouts import PREFIXES, network_prefix, published_names
from shared_world.tests.tiny_networks import coupled_network

COMFYUI_TO_PUBLISHED = {
    "blocks.3.q.weight": "transformer_blocks.3.attn1.to_q.weight",
    "blocks.3.k.bias": "transformer_blocks.3.attn1.to_k.bias",
    "blocks.3.v.weight": "transformer_blocks.3.attn1.to_v.weight",
    "blocks.3.attn_out.weight": "transformer_blocks.3.attn1.to_out.0.weight",
    "blocks.3.norm_q.weight": "transformer_blocks.3.attn1.norm_q.weight",
    "blocks.3.norm_k.bias": "transformer_blocks.3.attn1.norm_k.bias",
    "blocks.3.norm1.linear.weight": "transformer_blocks.3.norm1.linear.weight",
    "blocks.3.norm2.norm.weight": "transformer_blocks.3.norm2.norm.weight",
    "blocks.3.ff_proj.weight": "transformer_blocks.3.ff.net.0.proj.weight",
    "blocks.3.ff_out.bias": "transformer_blocks.3.ff.net.2.bias",
    "time_embedding_linear_1.weight": "time_embedding.linear_1.weight",
    "time_embedding_linear_2.bias": "time_embedding.linear_2.bias",
    "ofs_embedding_linear_1.weight": "ofs_embedding.linear_1.weight",
    "patch_embed.proj.weight": "patch_embed.proj.weight",
    "patch_embed.pos_embedding": "patch_embed.pos_embedding",
    "norm_out.linear.weight": "norm_out.linear.weight",
    "proj_out.weight": "proj_out.weight",
}


@pytest.mark.parametrize("prefix", ["", *PREFIXES])
def test_comfyui_layout_is_renamed_under_every_prefix(prefix):
    expected = {prefix + name: published for name, published in COMFYUI_TO_PUBLISHED.items()}
    assert published_names(expected) == expected


@pytest.mark.parametrize("prefix", ["", *PREFIXES])
def test_published_names_keep_their_names_under_every_prefix(prefix):
    names = list(coupled_network().state_dict())
    assert published_names(prefix + name for name in names) == {prefix + name: name for name in names}


def test_names_beside_the_network_do_not_hide_its_prefix():
    names = ["model.diffusion_model.patch_embed.proj.weight", "v_pred", "ztsnr", "vae.decoder.conv_in.weight"]
    assert list(published_names(names).values()) == ["patch_embed.proj.weight", *names[1:]]


def test_extension_alone_has_its_prefix_taken_off():
    assert network_prefix(["diffusion_model.raymap_encoders.0.weight"]) == "diffusion_model."


def test_other_models_with_blocks_are_left_alone():
    names = ["blocks.0.self_attn.q.weight", "blocks.0.norm3.weight", "blocks.0.ff_proj.weight"]
    assert published_names(names) == {name: name for name in names}
