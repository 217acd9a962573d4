"""What coupling costs: time and peak memory of one ShareVerse evaluation for 1 to 4 agents.

    python -m shared_world.benchmarks.coupling [--dim 512 --layers 8 --tokens 2000 --repeats 5]

"coupled" is one evaluation of N agents that attend to each other, "independent" the same N agents without cross-agent
attention. The FLOP ratio is counted from the shapes of all matrix products and attentions. Every configuration runs in
a process of its own, so that peak memory is its own.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from ..models.cogvideox.config import CogVideoXConfig
from ..models.layers import Layers
from ..models.shareverse.transformer import Coupling, ShareVerseTransformer
from .processes import peak_mebibytes

FRAMES, ROWS = 5, 20
AGENTS = (1, 2, 3, 4)


@dataclass(frozen=True)
class Setting:
    """One evaluation to measure."""

    dim: int
    layers: int
    tokens: int
    repeats: int
    agents: int
    topology: str
    agents_at_a_time: int = 0

    def config(self) -> CogVideoXConfig:
        return CogVideoXConfig(
            layers=self.layers, dim=self.dim, text_dim=64, text_tokens=16, learned_grid=None, time_dim=128
        )

    def inputs(self, device: torch.device) -> tuple[torch.Tensor, ...]:
        columns = self.tokens // (FRAMES * ROWS)
        size = (self.agents, 32, FRAMES, 2 * ROWS, 2 * columns)
        return (
            torch.randn(size, device=device),
            torch.full((self.agents,), 500.0, device=device),
            torch.randn(self.agents, 16, 64, device=device),
            torch.randn(self.agents, 24, *size[2:], device=device),
        )

    def evaluate(self, device: torch.device, network: ShareVerseTransformer) -> None:
        latents, timesteps, text, raymaps = self.inputs(device)
        coupling = Coupling(self.agents, self.topology, self.agents_at_a_time)
        network(latents, timesteps, text, raymaps=raymaps, coupling=coupling)

    def flops(self) -> int:
        """Floating point operations of one evaluation, counted from shapes."""
        meta = torch.device("meta")
        network = ShareVerseTransformer(self.config(), layers=Layers(device=meta))
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            self.evaluate(meta, network)
        return counter.get_total_flops()


def measure(setting: Setting) -> dict[str, float]:
    """Median seconds of one evaluation, and MiB that it needs beyond the weights."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = ShareVerseTransformer(setting.config(), layers=Layers(device=device)).eval()
    with torch.no_grad():
        small = Setting(setting.dim, setting.layers, FRAMES * ROWS, 1, 1, setting.topology)
        small.evaluate(device, network)
        before = peak_mebibytes(device)
        seconds = []
        for _ in range(setting.repeats):
            start = time.perf_counter()
            setting.evaluate(device, network)
            if device.type == "cuda":
                torch.cuda.synchronize()
            seconds.append(time.perf_counter() - start)
    return {"seconds": statistics.median(seconds), "mebibytes": peak_mebibytes(device) - before}


def measured_apart(setting: Setting) -> dict[str, float]:
    """`measure` in a fresh process."""
    command = [sys.executable, "-m", "shared_world.benchmarks.coupling", "--measure", json.dumps(vars(setting))]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Time and memory of coupled agents.")
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=2000, help="video tokens per agent, a multiple of 100")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(Setting(**json.loads(arguments.measure)))))
        return

    sizes = (arguments.dim, arguments.layers, arguments.tokens, arguments.repeats)
    print(f"dim {arguments.dim}, {arguments.layers} blocks, {arguments.tokens} tokens per agent")
    print("| agents | independent | coupled | time ratio | FLOP ratio | peak memory | one agent at a time |")
    print("|---|---|---|---|---|---|---|")
    for agents in AGENTS:
        independent, coupled = Setting(*sizes, agents, "none"), Setting(*sizes, agents, "all")
        grouped = Setting(*sizes, agents, "all", agents_at_a_time=1)
        alone, joint, frugal = (measured_apart(setting) for setting in (independent, coupled, grouped))
        print(
            f"| {agents} | {alone['seconds']:.2f} s | {joint['seconds']:.2f} s "
            f"| {joint['seconds'] / alone['seconds']:.2f} | {coupled.flops() / independent.flops():.2f} "
            f"| {joint['mebibytes']:.0f} MiB | {frugal['mebibytes']:.0f} MiB, {frugal['seconds']:.2f} s |",
            flush=True,
        )


if __name__ == "__main__":
    main()
