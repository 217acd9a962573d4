"""What `benchmarks.metaworld` measures, each function in a process of its own.

What is compared is measured by turns, so that other work on the machine slows both alike. ComfyUI must be importable.
"""

from collections.abc import Callable
from statistics import median

import comfy.model_management
import torch
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrappersMP
from torch import Tensor

from ..models.batch import COUPLING_OPTIONS
from ..models.metaworld.schedule import METAWORLD_SCHEDULER
from ..sampling.joint import SamplerSettings, sample_jointly, with_coupling
from .metaworld_network import CHANNELS, TEXT_DIM, TEXT_TOKENS, Sizes, conditioning, count, latents, random_model
from .processes import peak_mebibytes
from .timing import StepWatch, device, dtype, forget_peak, seconds

TIMESTEP = 937.5


def evaluation(
    model: ModelPatcher, sizes: Sizes, agents: int, topology: str, at_a_time: int = 0
) -> Callable[[], Tensor]:
    """The network alone, its condition encoded before. The model must be loaded before it is called."""
    comfy.model_management.load_models_gpu([model])
    network = model.model.diffusion_model

    def placed(tensor: Tensor) -> Tensor:
        return tensor.to(device(), dtype())

    x, identities = placed(latents(sizes, agents)), placed(latents(sizes, agents, 1))
    text = placed(torch.zeros(agents, TEXT_TOKENS, TEXT_DIM))
    encoded = network.encode_condition(placed(torch.cat([latents(sizes, agents), latents(sizes, agents)], dim=1)))
    timestep = torch.full((agents,), TIMESTEP, device=device())
    options = {COUPLING_OPTIONS: {"topology": topology, "agents_at_a_time": at_a_time}}
    return lambda: network(
        x,
        timestep,
        text,
        time_dim_concat=identities,
        transformer_options=dict(options),
        encoded_condition=encoded,
        agents=agents,
    )


def measure_alignment(sizes: Sizes, agents: int, topologies: list[str], repeats: int) -> dict[str, float]:
    """Median seconds of one evaluation of all agents, and of the same agents without alignment ("none")."""
    model = random_model(sizes, dtype())
    bare = {topology: evaluation(model, sizes, agents, topology) for topology in ("none", *topologies)}
    taken: dict[str, list[float]] = {topology: [] for topology in bare}
    for repeat in range(repeats + 1):
        for topology, work in bare.items():
            duration = seconds(work)
            # The first round warms up.
            taken[topology] += [duration] if repeat else []
    return {topology: median(durations) for topology, durations in taken.items()}


def count_alignment(sizes: Sizes, agents: int, topologies: list[str]) -> dict[str, float]:
    """Floating point operations of the same evaluations."""
    return {topology: count(sizes, agents, topology)["evaluation"] for topology in ("none", *topologies)}


def measure_condition(sizes: Sizes, agents: int, steps: int, repeats: int) -> dict[str, float]:
    """Median seconds of a sampler's step whose condition is kept for the run, and computed at every step."""
    model = random_model(sizes, dtype())
    taken: dict[str, list[float]] = {"kept": [], "recomputed": []}
    for repeat in range(repeats + 1):
        for kind, durations in taken.items():
            watch = StepWatch()
            sample(model, sizes, agents, 0, kind == "recomputed", steps, watch)
            durations += watch.steps() if repeat else []
    return {kind: median(durations) for kind, durations in taken.items()}


def count_condition(sizes: Sizes, agents: int) -> dict[str, float]:
    """Floating point operations of encoding the condition, and of an evaluation without it."""
    return count(sizes, agents, "ring")


def sampling_memory(sizes: Sizes, agents: int, at_a_time: int) -> dict[str, float]:
    """MiB that sampling needs beyond the weights."""
    model = random_model(sizes, dtype())
    small = Sizes(sizes.dim, sizes.layers, 1, 4, 4)
    sample(model, small, 1, 0, False, 1, StepWatch())
    forget_peak()
    before = peak_mebibytes(device())
    sample(model, sizes, agents, at_a_time, False, 2, StepWatch())
    return {"mebibytes": peak_mebibytes(device()) - before}


def sample(
    model: ModelPatcher, sizes: Sizes, agents: int, at_a_time: int, every_step: bool, steps: int, watch: StepWatch
) -> None:
    """The run of the node Joint Multi-Branch Sampler, without guidance."""
    coupled = with_coupling(model, "ring", at_a_time)
    coupled.add_wrapper(WrappersMP.PREDICT_NOISE, watch)
    told = conditioning(sizes, agents, every_step)
    empty = {"samples": torch.zeros(agents, CHANNELS, sizes.frames, sizes.height, sizes.width)}
    settings = SamplerSettings(steps, 1.0, "euler", METAWORLD_SCHEDULER)
    sample_jointly(coupled, told, told, empty, settings, seed=0)
