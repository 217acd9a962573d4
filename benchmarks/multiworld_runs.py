"""What `benchmarks.multiworld` measures, each function in a process of its own.

What is compared is measured by turns, so that other work on the machine slows both alike. ComfyUI must be importable.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import comfy.model_management
import torch
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrappersMP
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from ..models.batch import COUPLING_OPTIONS
from ..models.layers import Layers
from ..models.vggt.global_state import GlobalStateNetwork
from ..models.vggt.preprocessing import SIDE, preprocess_views
from ..sampling.decoding import decode_agents
from ..sampling.joint import SamplerSettings, sample_jointly, with_coupling
from .multiworld_network import (
    Sizes,
    WanVAE,
    conditioning,
    first_pictures,
    inputs,
    latent,
    meta_network,
    random_encoder,
    random_model,
    random_vae,
)
from .processes import peak_mebibytes
from .timing import StepWatch, device, dtype, forget_peak, now, seconds

BLOCK_PARTS = ("self_attn", "cross_attn", "ffn")
TIMESTEP = 937.5
WARM_UP_SIDE = 4


@dataclass
class Bench:
    """A random MultiWorld with its inputs."""

    sizes: Sizes
    model: ModelPatcher
    given: dict[str, Tensor]

    @classmethod
    def of(cls, sizes: Sizes) -> "Bench":
        return cls(sizes, random_model(sizes, dtype()), inputs(sizes))

    def sample(self, views: int, at_a_time: int, every_step: bool, steps: int, watch: StepWatch, side: int = 0) -> None:
        """The run of the node Joint Multi-Branch Sampler; `side` other than the sizes' own warms up."""
        model = with_coupling(self.model, "all", at_a_time)
        model.add_wrapper(WrappersMP.PREDICT_NOISE, watch)
        sizes = Sizes(self.sizes.dim, self.sizes.layers, self.sizes.frames, side or self.sizes.side)
        positive = conditioning(self.given, views, every_step)
        settings = SamplerSettings(steps, 1.0, "euler", "simple")
        sample_jointly(model, positive, positive, latent(sizes, views), settings, seed=0)

    def evaluation(self, views: int, at_a_time: int = 0) -> Callable[[], Tensor]:
        """The network alone, its keys and values given. The model must be loaded before it is called."""
        comfy.model_management.load_models_gpu([self.model])
        network = self.model.model.diffusion_model
        memory = [tensor.expand(views, -1, -1) for tensor in network.memory(**self.placed())]
        x = latent(self.sizes, views)["samples"].to(device(), dtype())
        timestep = torch.full((views, self.sizes.frames), TIMESTEP, device=device())
        timestep[:, 0] = 0
        options = {COUPLING_OPTIONS: {"agents_at_a_time": at_a_time}}
        return lambda: network(x, timestep, None, transformer_options=dict(options), memory=memory)

    def placed(self) -> dict[str, Tensor]:
        return {
            name: tensor.to(device(), dtype() if tensor.is_floating_point() else None)
            for name, tensor in self.given.items()
        }


def measure_steps(sizes: Sizes, views: int, at_a_time: int, steps: int, repeats: int) -> dict[str, float]:
    """Median seconds of a step.

    Returns:
        `kept`: keys and values are kept for the run; `recomputed`: computed at every step; `released`: as the released
        program, in which every view is a run of its own that asks VGGT at every step.
    """
    bench, encoder = Bench.of(sizes), random_encoder(sizes)
    bench.sample(1, 0, False, 1, StepWatch(), side=WARM_UP_SIDE)
    pictures = preprocess_views(first_pictures(views))[None].to(device())
    comfy.model_management.load_models_gpu([encoder.patcher, bench.model])
    taken: dict[str, list[float]] = {"kept": [], "recomputed": [], "released": []}
    for _ in range(repeats):
        for kind, durations in taken.items():
            released = kind == "released"
            watch = StepWatch(before=(lambda: encoder.network(pictures)) if released else None)
            bench.sample(1 if released else views, at_a_time, kind != "kept", steps, watch)
            durations += watch.steps()
    result = {kind: median(durations) for kind, durations in taken.items()}
    return result | {"released": views * result["released"]}


def sampling_memory(sizes: Sizes, views: int, at_a_time: int) -> dict[str, float]:
    """MiB that sampling needs beyond the weights."""
    bench = Bench.of(sizes)
    bench.sample(1, 0, False, 1, StepWatch(), side=WARM_UP_SIDE)
    forget_peak()
    before = peak_mebibytes(device())
    bench.sample(views, at_a_time, False, 2, StepWatch())
    return {"mebibytes": peak_mebibytes(device()) - before}


def measure_run(sizes: Sizes, views: int, steps: int) -> dict[str, float]:
    """A whole run, and the network's own evaluations measured between its steps.

    Returns:
        Seconds: `run` is encoding the first frames by VGGT and sampling, `encoding` and `sampling` its parts;
        `vggt` one bare pass; `batched` and `apart` as many evaluations as the run has steps, of all views in a batch
        and of one after the other, each measured at every second step; `step`, `step_batched` and `step_apart` the
        medians of a single step.
    """
    bench, encoder, shown = Bench.of(sizes), random_encoder(sizes), first_pictures(views)
    pictures = preprocess_views(shown)[None].to(device())
    bare = {"batched": bench.evaluation(views), "apart": _one_by_one(bench.evaluation(1), views)}
    names = list(bare)
    taken: dict[str, list[float]] = {name: [] for name in names}

    def evaluate(step: int) -> None:
        name = names[step % len(names)]
        taken[name].append(seconds(bare[name]))

    for work in (lambda: encoder.encode(shown), lambda: bench.sample(views, 0, False, 1, StepWatch()), *bare.values()):
        work()
    passes = [(seconds(lambda: encoder.encode(shown)), seconds(lambda: encoder.network(pictures))) for _ in range(5)]
    encoding, vggt = (median(each) for each in zip(*passes, strict=True))
    watch = StepWatch(between=evaluate)
    sampling = seconds(lambda: bench.sample(views, 0, False, steps, watch)) - sum(watch.outside)
    return {
        "run": encoding + sampling,
        "encoding": encoding,
        "sampling": sampling,
        "vggt": vggt,
        "step": median(watch.steps()),
        **{name: sum(durations) * steps / len(durations) for name, durations in taken.items()},
        **{f"step_{name}": median(durations) for name, durations in taken.items()},
    }


def _one_by_one(evaluation: Callable[[], Tensor], views: int) -> Callable[[], None]:
    def evaluate() -> None:
        for _ in range(views):
            evaluation()

    return evaluate


@contextmanager
def timed_modules(network: nn.Module, parts: tuple[str, ...]) -> Iterator[dict[str, float]]:
    """Seconds spent in all modules with these last names, while in the context."""
    spent = dict.fromkeys(parts, 0.0)
    starts: list[float] = []
    hooks = []

    def stop(part: str) -> None:
        spent[part] += now() - starts.pop()

    for name, module in network.named_modules():
        part = name.rpartition(".")[2]
        if part in parts:
            hooks.append(module.register_forward_pre_hook(lambda *_: starts.append(now())))
            hooks.append(module.register_forward_hook(lambda *_, part=part: stop(part)))
    try:
        yield spent
    finally:
        for hook in hooks:
            hook.remove()


def measure_parts(sizes: Sizes, views: int, repeats: int) -> dict[str, float]:
    """Median seconds of the parts of a run, see `part_names`; decoding is of one view."""
    bench, encoder = Bench.of(sizes), random_encoder(sizes)
    evaluation = bench.evaluation(views)
    network, placed = bench.model.model.diffusion_model, bench.placed()
    pictures = preprocess_views(first_pictures(views))[None].to(device())
    comfy.model_management.load_models_gpu([encoder.patcher, bench.model])
    vae, decoded = random_vae(sizes, device(), dtype()), latent(sizes, 1)["samples"]
    state = placed.pop("environment")
    tokens, seen = network.action_encoder(**placed), network.environment_tokens(state)
    once: dict[str, Callable[[], Any]] = {
        "vggt": lambda: encoder.network(pictures),
        "action encoder": lambda: network.action_encoder(**placed),
        "connector": lambda: network.environment_tokens(state),
        "keys and values": lambda: [block.cross_attn.memory(tokens, seen) for block in network.blocks],
        "decoding": lambda: list(decode_agents(vae, decoded)),
    }
    taken: dict[str, list[float]] = {}
    for repeat in range(repeats + 1):
        durations = {name: seconds(work) for name, work in once.items()}
        with timed_modules(network, BLOCK_PARTS) as spent:
            whole = seconds(evaluation)
        durations |= {**spent, "rest": whole - sum(spent.values())}
        for name, duration in durations.items():
            # The first round warms up.
            taken.setdefault(name, []).extend([duration] if repeat else [])
    return {name: median(durations) for name, durations in taken.items()}


def decoding_memory(sizes: Sizes, views: int) -> dict[str, float]:
    """MiB that decoding view by view needs beyond the weights, a view's pictures included."""
    vae = random_vae(sizes, device(), dtype())
    list(decode_agents(vae, latent(Sizes(sizes.dim, sizes.layers, 2, WARM_UP_SIDE), 1)["samples"]))
    forget_peak()
    before = peak_mebibytes(device())
    latents = latent(sizes, views)["samples"]
    for _ in decode_agents(vae, latents):
        pass
    return {"mebibytes": peak_mebibytes(device()) - before}


def count_arithmetic(sizes: Sizes, views: int) -> dict[str, float]:
    """Floating point operations of the parts of a run, from the shapes of all products; decoding is of one view."""
    meta = torch.device("meta")
    network, config = meta_network(sizes), sizes.aggregator()
    placed = {name: tensor.to(meta, torch.bfloat16) for name, tensor in inputs(sizes).items()}
    state = placed.pop("environment")
    tokens, seen = network.action_encoder(**placed), network.environment_tokens(state)
    memory = [tensor.expand(views, -1, -1) for tensor in network.memory(state, **placed)]
    x = torch.empty(views, 48, sizes.frames, sizes.side, sizes.side, device=meta, dtype=torch.bfloat16)
    timestep = torch.empty(views, sizes.frames, device=meta)
    with meta:
        vggt, vae = GlobalStateNetwork(config, Layers(device=meta)), WanVAE(**sizes.vae())
    once: dict[str, Callable[[], Any]] = {
        "vggt": lambda: vggt(torch.empty(1, views, 3, SIDE, SIDE, device=meta)),
        "action encoder": lambda: network.action_encoder(**placed),
        "connector": lambda: network.environment_tokens(state),
        "keys and values": lambda: [block.cross_attn.memory(tokens, seen) for block in network.blocks],
        "decoding": lambda: vae.decode(torch.empty(1, *x.shape[1:], device=meta)),
    }
    counted = {}
    for name, work in once.items():
        with FlopCounterMode(display=False) as counter:
            work()
        counted[name] = float(counter.get_total_flops())
    with FlopCounterMode(display=False) as counter:
        network(x, timestep, None, transformer_options={}, memory=memory)
    by_module = counter.get_flop_counts()
    for part in BLOCK_PARTS:
        modules = (counts for name, counts in by_module.items() if name.rpartition(".")[2] == part)
        counted[part] = float(sum(sum(counts.values()) for counts in modules))
    counted["rest"] = counter.get_total_flops() - sum(counted[part] for part in BLOCK_PARTS)
    return counted
