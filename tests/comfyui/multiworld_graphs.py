"""Graphs of MultiWorld in API format, and the released program's inputs as files that nodes read."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import comfy.latent_formats
import numpy as np
import safetensors.torch
import torch
from PIL import Image
from torch import Tensor

from shared_world.development.comfyui_server import ComfyServer
from shared_world.tests.comfyui.graphs import Graph
from shared_world.tests.parity.multiworld_models import NETWORK, REFERENCE, reference, weights
from shared_world.world.actions import Actions, write_actions
from shared_world.world.actions.it_takes_two import LAYOUT as IT_TAKES_TWO
from shared_world.world.actions.panda import JOINT_LIMITS

IT_TAKES_TWO_MODEL = "multiworld_480p_fulldata.safetensors"
ROBOTS_MODEL = "multiworld_320p_robots.safetensors"
VGGT = "vggt_1b.safetensors"
WAN_VAE = "wan2.2_vae.safetensors"
FRAMES, WIDTH, HEIGHT = 9, 96, 64
CAMERAS = "200 200 100 80 1 0 0 0 0 1 0 0 0 0 1 2\n150 150 100 80 0 0 1 0 0 1 0 0 1 0 0 3"

REFERENCE_FRAMES, REFERENCE_WIDTH, REFERENCE_HEIGHT = 33, 96, 64
REFERENCE_CLIP = {"frames": REFERENCE_FRAMES, "width": REFERENCE_WIDTH, "height": REFERENCE_HEIGHT}
REFERENCE_VGGT = "reference_vggt.safetensors"


def multiworld_loaders(model: str = IT_TAKES_TWO_MODEL, vggt: str = VGGT) -> Graph:
    """Nodes `model`, `vae` and `encoder`."""
    return (
        Graph()
        .add("model", "SharedWorldLoadModel", model_name=model, base_model="none", weight_dtype="default")
        .add("vae", "SharedWorldLoadVAE", vae_name=WAN_VAE)
        .add("encoder", "SharedWorldLoadGlobalStateEncoder", model_name=vggt, weight_dtype="default")
    )


def keys_script(
    graph: Graph, frames: int = FRAMES, script: str = "left: 0-end: W\nright: 2-4: jump, look 0.3 0"
) -> Graph:
    """Node `actions` for It Takes Two."""
    return graph.add(
        "actions", "SharedWorldActionScript", script=script, layout="it_takes_two", frames=frames, frame_rate=0.0
    )


def robots_script(graph: Graph, frames: int = FRAMES, agents: str = "robot 1, robot 2") -> Graph:
    """Node `actions` for robots with two cameras."""
    return graph.add(
        "actions",
        "SharedWorldActionScript",
        script="agent 1: 0: gripper 1; 8: joint_1 0.5, gripper -1",
        layout="panda",
        frames=frames,
        frame_rate=0.0,
        agents=agents,
        cameras=CAMERAS,
    )


def pictures(graph: Graph, colours: tuple[int, ...] = (0xC03010, 0x1030C0)) -> dict[str, list[object]]:
    """Nodes `picture_0` ..., and the links of `first_frames` to them."""
    for number, colour in enumerate(colours):
        graph.add(f"picture_{number}", "EmptyImage", width=WIDTH, height=HEIGHT, batch_size=1, color=colour)
    return {f"first_frames.view{number}": [f"picture_{number}", 0] for number in range(len(colours))}


def conditioned_views(graph: Graph, links: dict[str, list[object]], **changes: object) -> Graph:
    """Node `conditioning`."""
    inputs = {
        "split_screen": False,
        "width": WIDTH,
        "height": HEIGHT,
        "frames": FRAMES,
        "guidance_against": "nothing",
    }
    return graph.add(
        "conditioning",
        "SharedWorldMultiWorldConditioning",
        vae=["vae", 0],
        global_state_encoder=["encoder", 0],
        actions=["actions", 0],
        **(links | inputs | changes),
    )


def write_reference_inputs(server: ComfyServer, variant: str) -> str:
    """Write what the released program was given for It Takes Two where the server finds it; the model's file name."""
    tensors = reference(variant)
    model = server.diffusion_models / f"{variant}.safetensors"
    # ComfyUI's own loader takes what shapes do not tell from this entry.
    safetensors.torch.save_file(weights(variant), model, {"config": json.dumps({"transformer": NETWORK})})
    vggt = server.diffusion_models.with_name("geometry_estimation") / REFERENCE_VGGT
    shutil.copy(REFERENCE / "tiny_vggt.safetensors", vggt)
    screen = safetensors.torch.load_file(REFERENCE / "reference_images.safetensors")["itt.raw_split_screen_u8"]
    Image.fromarray(screen.numpy()).save(server.input / "reference_screen.png")
    actions = Actions(
        IT_TAKES_TWO,
        ("left", "right"),
        60.0,
        tensors["in.discrete_action"][0].transpose(0, 1),
        tensors["in.continuous_action"][0].transpose(0, 1),
    )
    write_actions(actions, server.input / "reference_actions.json")
    write_latent(server.input / "reference.latent", variant)
    return model.name


def write_reference_robots(server: ComfyServer) -> tuple[str, Tensor]:
    """The same for robots; the model's file name and the camera (1, 1, 16) that the network is to get.

    The reference's camera vector is none that a camera file can hold, whose first four numbers the network gets as two
    ratios, twice.
    """
    tensors = reference("robots")
    model = server.diffusion_models / "reference_robots.safetensors"
    safetensors.torch.save_file(weights("robots"), model, {"config": json.dumps({"transformer": NETWORK})})
    vggt = server.diffusion_models.with_name("geometry_estimation") / REFERENCE_VGGT
    shutil.copy(REFERENCE / "tiny_vggt.safetensors", vggt)
    views = safetensors.torch.load_file(REFERENCE / "reference_images.safetensors")["robots.raw_views_u8"]
    for number, view in enumerate(views):
        Image.fromarray(view.numpy()).save(server.input / f"reference_view_{number}.png")
    normalised = tensors["in.action"][0, : int(tensors["in.num_agents"])].double().numpy()
    low, high = (np.array([*(limit[side] for limit in JOINT_LIMITS), 2 * side - 1]) for side in (0, 1))
    joints = np.zeros((len(normalised), REFERENCE_FRAMES, 8))
    joints[:, ::4] = low + (normalised + 1) / 2 * (high - low)
    np.save(server.input / "reference_joints.npy", joints)
    camera = tensors["in.camera"].double().numpy()
    np.save(
        server.input / "reference_camera.npy",
        np.concatenate([camera[..., :2], np.ones((1, 1, 2)), camera[..., 4:]], -1),
    )
    write_latent(server.input / "reference_robots.latent", "robots")
    given = torch.from_numpy(np.concatenate([camera[..., :2], camera[..., :2], camera[..., 4:]], -1)).float()
    return model.name, given


def write_latent(path: Path, variant: str) -> None:
    """The first frame's latent of the reference, followed by empty frames, as ComfyUI's Load Latent reads it."""
    tensors = reference(variant)
    first = comfy.latent_formats.Wan22().process_out(tensors["in.first_frame_latent"])
    samples = torch.zeros_like(tensors["in.latents"])
    samples[:, :, :1] = first
    safetensors.torch.save_file({"latent_tensor": samples, "latent_format_version_0": torch.tensor([])}, path)


def reference_graph(model: str) -> Graph:
    """The released program's run for It Takes Two up to node `masked`: its own first-frame latent for both views."""
    graph = multiworld_loaders(model, REFERENCE_VGGT)
    graph.add(
        "actions",
        "SharedWorldLoadActionsFile",
        file="reference_actions.json",
        start_frame=0,
        frames=REFERENCE_FRAMES,
        frame_rate=0.0,
        camera_files="",
    )
    graph.add("screen", "LoadImage", image="reference_screen.png")
    links = {"first_frames.view0": ["screen", 0]}
    conditioned_views(graph, links, **REFERENCE_CLIP, split_screen=True)
    return masked_latent(graph, "reference.latent", views=2)


def robots_reference_graph(model: str) -> Graph:
    """The same for robots, of three views."""
    graph = multiworld_loaders(model, REFERENCE_VGGT)
    graph.add(
        "actions",
        "SharedWorldLoadActionsFile",
        file="reference_joints.npy",
        start_frame=0,
        frames=0,
        frame_rate=0.0,
        camera_files="reference_camera.npy",
    )
    for number in range(3):
        graph.add(f"view_{number}", "LoadImage", image=f"reference_view_{number}.png")
    links = {f"first_frames.view{number}": [f"view_{number}", 0] for number in range(3)}
    conditioned_views(graph, links, **REFERENCE_CLIP)
    return masked_latent(graph, "reference_robots.latent", views=3)


def masked_latent(graph: Graph, file: str, views: int) -> Graph:
    """Node `masked`: the reference's first-frame latent for every view, kept by a mask, with stock nodes."""
    graph.add("loaded", "LoadLatent", latent=file)
    graph.add("every", "RepeatLatentBatch", samples=["loaded", 0], amount=views)
    size = {"width": REFERENCE_WIDTH // 16, "height": REFERENCE_HEIGHT // 16}
    graph.add("kept", "EmptyImage", **size, batch_size=1, color=0x000000)
    graph.add("made", "EmptyImage", **size, batch_size=REFERENCE_FRAMES // 4, color=0xFFFFFF)
    graph.add("frames", "ImageBatch", image1=["kept", 0], image2=["made", 0])
    graph.add("mask", "ImageToMask", image=["frames", 0], channel="red")
    return graph.add("masked", "SetLatentNoiseMask", samples=["every", 0], mask=["mask", 0])
