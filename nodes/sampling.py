"""The sampler node."""

from typing import Any

import comfy.samplers
from comfy_api.latest import io

from ..sampling.joint import SamplerSettings, sample_jointly, with_coupling
from ..sampling.noise import SEEDS

CATEGORY = "Shared World/sampling"


def denoising_inputs() -> list[io.WidgetInput]:
    return [
        io.Int.Input(
            "seed",
            default=0,
            min=0,
            max=SEEDS - 1,
            control_after_generate=True,
            tooltip="Seed of the first agent's noise; agent 2 has seed + 1, and so on. MultiWorld's views all have the noise "
            "of the seed, as in the released program.",
        ),
        io.Int.Input(
            "steps",
            default=50,
            min=1,
            max=1000,
            tooltip="Denoising steps; ShareVerse and MultiWorld were published with 50, MultiWorld's toy and robots files with 35, MetaWorld with 40.",
        ),
        io.Float.Input(
            "cfg",
            default=1.0,
            min=0.0,
            max=100.0,
            step=0.1,
            round=0.01,
            tooltip="Guidance away from the negative conditioning. ShareVerse and MultiWorld are published without it: leave 1. "
            "MetaWorld: 5.",
        ),
        io.Combo.Input(
            "sampler_name",
            options=comfy.samplers.KSampler.SAMPLERS,
            default="euler",
            tooltip="Sampling algorithm. euler is that of all systems; with scheduler simple it is CogVideoX's own DDIM.",
        ),
        io.Combo.Input(
            "scheduler",
            options=comfy.samplers.KSampler.SCHEDULERS,
            default="simple",
            tooltip="Noise levels of the steps. ShareVerse: simple, CogVideoX's trailing schedule. MultiWorld: multiworld, the "
            "released one, which simple equals at 50 steps but not at 35. MetaWorld: metaworld, likewise the released one.",
        ),
        io.Float.Input(
            "denoise",
            default=1.0,
            min=0.0,
            max=1.0,
            step=0.01,
            tooltip="Below 1 only the last part of the schedule is run, on the given latents.",
        ),
    ]


class JointSampler(io.ComfyNode):
    """All agents of a world, denoised together."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldJointSampler",
            display_name="Joint Multi-Branch Sampler",
            category=CATEGORY,
            description=(
                "Denoises the latents of all agents or views together with any of ComfyUI's samplers. Unlike KSampler it gives "
                "each agent its own seed, can leave the coupling out, can save memory, and stops when values are not finite."
            ),
            search_aliases=[
                "ksampler",
                "multi-agent sampler",
                "shareverse sampler",
                "multiworld sampler",
                "metaworld sampler",
            ],
            inputs=[
                io.Model.Input(
                    "model", tooltip="From Load Multi-Agent Model; agents of another model are sampled independently."
                ),
                io.Conditioning.Input("positive", tooltip="From the conditioning node of the model's system."),
                io.Conditioning.Input(
                    "negative", tooltip="If it equals positive, it is not evaluated and cfg has no effect."
                ),
                io.Latent.Input("latent", tooltip="One batch item per agent, from the conditioning node."),
                *denoising_inputs(),
                io.Combo.Input(
                    "topology",
                    options=["all", "none", "ring"],
                    default="all",
                    tooltip="all: every agent attends to every agent. none: agents are sampled independently, for comparison. ring: "
                    "each attends to the one before it, as in MetaWorld's paper; equal to all for two agents, not for ShareVerse. "
                    "Without effect on MultiWorld, whose views share actions and world state only.",
                ),
                io.Int.Input(
                    "agents_at_a_time",
                    default=0,
                    min=0,
                    max=64,
                    advanced=True,
                    tooltip="How many agents go through the parts of a block that do not couple them at once; 0 is all. "
                    "Fewer need less memory and give the same result. MultiWorld: how many views are run at once.",
                ),
                io.String.Input(
                    "own_seeds",
                    default="",
                    advanced=True,
                    tooltip="Seeds of single agents instead, separated by commas: '7, 7' gives both agents the same noise.",
                ),
            ],
            outputs=[
                io.Latent.Output(display_name="latent", tooltip="Denoised latents of all agents; see Split Agents.")
            ],
        )

    @classmethod
    def validate_inputs(cls, own_seeds: str | None = None) -> bool | str:
        try:
            parse_seeds(own_seeds or "")  # None where it comes from another node
        except ValueError as error:
            return str(error)
        return True

    @classmethod
    def execute(
        cls,
        model: Any,
        positive: list,
        negative: list,
        latent: dict,
        seed: int,
        steps: int,
        cfg: float,
        sampler_name: str,
        scheduler: str,
        denoise: float,
        topology: str,
        agents_at_a_time: int,
        own_seeds: str,
    ) -> io.NodeOutput:
        coupled = with_coupling(model, topology, agents_at_a_time)
        settings = SamplerSettings(steps, cfg, sampler_name, scheduler, denoise)
        return io.NodeOutput(
            sample_jointly(coupled, positive, negative, latent, settings, seed, parse_seeds(own_seeds))
        )


def parse_seeds(text: str) -> list[int]:
    """Seeds from a comma-separated text. Raises ValueError naming the entry that is not a seed."""
    seeds = []
    for number, entry in enumerate((part.strip() for part in text.split(",")), start=1):
        if not entry and not text.strip():
            return []
        if not entry.isdecimal() or int(entry) >= SEEDS:
            raise ValueError(
                f"own_seeds, entry {number}: '{entry}' is not a seed; write whole numbers from 0 to 2^64 - 1."
            )
        seeds.append(int(entry))
    return seeds
