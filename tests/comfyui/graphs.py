"""Graphs in API format for tests: standard ones, of which a test changes what it is about."""

from __future__ import annotations

import safetensors.torch
from torch import Tensor

from shared_world.development.comfyui_server import ComfyServer, Outputs
from shared_world.development.tiny_checkpoints import FRAMES, HEIGHT, WIDTH

MODEL = "shareverse_tiny.safetensors"
EXTENSION = "shareverse_tiny_extension.safetensors"
BASE = "cogvideox_i2v_tiny.safetensors"
VAE = "wan_vae_tiny.safetensors"
POCKET_VAE = "pocket_vae_tiny.safetensors"

COLOURS = (0xC03010, 0x1030C0, 0x10C030, 0xF0F0F0)
CROSSING_PATHS = ("0 0 0\n2 0 8", "0 -3 4\n2 3 4", "0 2 2\n2 -2 6")
"""Waypoints of three agents with one centroid, so that an agent's raymap is the same with and without the others."""


class Graph(dict):
    """Node name to class and inputs; names serve as ids, so that messages name them."""

    def add(self, name: str, class_type: str, /, **inputs: object) -> Graph:
        self[name] = {"class_type": class_type, "inputs": inputs}
        return self

    def change(self, name: str, /, **inputs: object) -> Graph:
        """Set some inputs of a node; None leaves an input out."""
        given = self[name]["inputs"] | inputs
        self[name]["inputs"] = {key: value for key, value in given.items() if value is not None}
        return self


def loaders() -> Graph:
    """Nodes `model` and `vae`; the pocket VAE takes a tenth of the time of the tiny Wan VAE."""
    return (
        Graph()
        .add("model", "SharedWorldLoadModel", model_name=MODEL, base_model="none", weight_dtype="default")
        .add("vae", "SharedWorldLoadVAE", vae_name=POCKET_VAE)
    )


def preset(graph: Graph, name: str = "agents") -> Graph:
    return graph.add(
        name,
        "SharedWorldEncounterPreset",
        preset="left_turn_meeting",
        frames=FRAMES,
        frame_rate=8.0,
        speed=9.0,
        distance=10.0,
        lane_offset=1.75,
        turn_radius=8.0,
        jitter=0.4,
        seed=0,
    )


def path(graph: Graph, name: str, waypoints: str) -> Graph:
    return graph.add(
        name,
        "SharedWorldPathFromWaypoints",
        waypoints=waypoints,
        name=name,
        frames=FRAMES,
        frame_rate=8.0,
        easing="constant",
        fit_frames=True,
    )


def combine(graph: Graph, name: str, sources: list[str]) -> Graph:
    links = {f"sources.agents{number}": [source, 0] for number, source in enumerate(sources)}
    return graph.add(name, "SharedWorldCombineAgents", **links)


def conditioned(graph: Graph, pictures: list[int]) -> Graph:
    """Nodes `raymaps`, `picture_1` ... and `conditioning` for the agents of node `agents`, one colour per picture."""
    graph.add(
        "raymaps",
        "SharedWorldRaymapBuilder",
        agents=["agents", 0],
        model=["model", 0],
        width=WIDTH,
        height=HEIGHT,
        rays="as trained",
        packing="as trained",
        channels="as trained",
        layout="as trained",
    )
    for number, colour in enumerate(pictures, start=1):
        graph.add(f"picture_{number}", "EmptyImage", width=WIDTH, height=HEIGHT, batch_size=1, color=COLOURS[colour])
    links = {f"first_frames.agent{number}": [f"picture_{number + 1}", 0] for number in range(len(pictures))}
    return graph.add(
        "conditioning",
        "SharedWorldShareVerseConditioning",
        vae=["vae", 0],
        raymaps=["raymaps", 0],
        guidance_against="nothing",
        **links,
    )


def sampled(graph: Graph, **settings: object) -> Graph:
    """Nodes `sampler` and `latent`, which saves what was sampled."""
    inputs = {
        "seed": 7,
        "steps": 2,
        "cfg": 1.0,
        "sampler_name": "euler",
        "scheduler": "simple",
        "denoise": 1.0,
        "topology": "all",
        "agents_at_a_time": 0,
        "own_seeds": "",
    }
    graph.add(
        "sampler",
        "SharedWorldJointSampler",
        model=["model", 0],
        positive=["conditioning", 0],
        negative=["conditioning", 1],
        latent=["conditioning", 2],
        **(inputs | settings),
    )
    return graph.add("latent", "SaveLatent", samples=["sampler", 0], filename_prefix="latent")


def stock_sampled(graph: Graph, **settings: object) -> Graph:
    """As `sampled`, with ComfyUI's own KSampler."""
    inputs = {"seed": 7, "steps": 2, "cfg": 1.0, "sampler_name": "euler", "scheduler": "simple", "denoise": 1.0}
    links = {"positive": ["conditioning", 0], "negative": ["conditioning", 1], "latent_image": ["conditioning", 2]}
    graph.add("sampler", "KSampler", model=["model", 0], **(links | inputs | settings))
    return graph.add("latent", "SaveLatent", samples=["sampler", 0], filename_prefix="latent")


def two_agents(**settings: object) -> Graph:
    """Two agents on a preset, sampled; `settings` are the sampler's."""
    return sampled(conditioned(preset(loaders()), [0, 1]), **settings)


def crossing_agents(members: list[int], **settings: object) -> Graph:
    """Some of the three agents on `CROSSING_PATHS`, by number, each with a picture of its own colour; sampled."""
    graph = loaders()
    for member in members:
        path(graph, f"path_{member}", CROSSING_PATHS[member])
    names = [f"path_{member}" for member in members]
    if len(names) > 1:
        combine(graph, "agents", names)
    else:
        graph["agents"] = graph.pop(names[0])
    return sampled(conditioned(graph, members), **settings)


def split(graph: Graph) -> Graph:
    """Nodes `views`, a video per agent and view, and `grid`, all of them in one picture sequence."""
    graph.add(
        "views",
        "SharedWorldSplitAgents",
        samples=["sampler", 0],
        vae=["vae", 0],
        layout="2x2",
        frame_rate=8.0,
        agents=["agents", 0],
    )
    return graph.add("grid", "SharedWorldAgentsGrid", images=["views", 0], labels=["views", 2], columns=4)


def pocket_town(graph: Graph, name: str = "agents", **changes: object) -> Graph:
    """A clip of the size that the tiny model makes."""
    inputs = {
        "split": "test",
        "town": 0,
        "preset": "head_on",
        "seed": 0,
        "weather": "sunny",
        "fog_distance": 18.0,
        "frames": FRAMES,
        "frame_rate": 4.0,
        "travel": 30.0,
        "view_width": WIDTH // 2,
        "view_height": HEIGHT // 2,
        "first_car": "red",
        "second_car": "red",
        "samples": 1,
        "layout": "town",
    }
    return graph.add(name, "SharedWorldPocketTown", **(inputs | changes))


def evaluated(graph: Graph, town: str = "agents") -> Graph:
    """Node `numbers`: the views of `split` held against the truth of `pocket_town`."""
    links = {"images": ["views", 0], "truth": [town, 4], "vae": ["vae", 0]}
    return graph.add("numbers", "SharedWorldEvaluate", **links, layout="2x2")


def pocket_vae(graph: Graph) -> Graph:
    """Nodes `pocket_vae`, `encoded` and `decoded`: `picture_1` through a pocket VAE and ComfyUI's nodes."""
    graph.add("pocket_vae", "SharedWorldLoadVAE", vae_name=POCKET_VAE)
    graph.add("encoded", "VAEEncode", pixels=["picture_1", 0], vae=["pocket_vae", 0])
    return graph.add("decoded", "VAEDecode", samples=["encoded", 0], vae=["pocket_vae", 0])


EXTEND = {
    "base_model": BASE,
    "save_as": "extended",
    "cross_agent": "attention",
    "text_in_cross_agent": False,
    "agent_positions": "consecutive",
    "weight_dtype": "default",
}
"""Inputs of Extend Base Model."""


def latents(server: ComfyServer, graph: Graph) -> Tensor:
    """Run a graph and return the LATENT that it saves: (agents, 16, latent frames, height / 8, width / 8)."""
    return saved_latents(server, server.run(graph))


def saved_latents(server: ComfyServer, outputs: Outputs) -> Tensor:
    """The LATENT that node `latent` saved in a run."""
    (entry,) = outputs["latent"]["latents"]
    return safetensors.torch.load(server.view(entry))["latent_tensor"]
