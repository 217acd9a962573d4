"""Optimisers and their learning rate."""

import math

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedType
from torch import Tensor, nn

from .settings import LoopSettings

WHOLE_NETWORK = (DistributedType.NO, DistributedType.MULTI_CPU, DistributedType.MULTI_GPU)
"""Ways to train in which every process holds whole matrices, as Muon needs them."""

NOT_HIDDEN = ("patch_embed.", "time_embedding.", "text_embedding.", "proj_out.", "head.head.", "pos_embedding")
"""Parts of names of matrices that lead into or out of the network; the rest are hidden ones."""


def make_optimizers(network: nn.Module, settings: LoopSettings) -> list[torch.optim.Optimizer]:
    """AdamW for everything, or Muon for hidden matrices and AdamW for the rest.

    Muon replaces the update of a matrix by the nearest orthogonal one, here scaled to the size that AdamW's updates
    have, so that both share a learning rate. AdamW decays matrices and convolutions only.
    """
    parameters = [(name, value) for name, value in network.named_parameters() if value.requires_grad]
    hidden: list[Tensor] = []
    if settings.optimizer == "muon":
        hidden = [value for name, value in parameters if value.ndim == 2 and not _leads_in_or_out(name)]
    taken = {id(value) for value in hidden}
    rest = [(name, value) for name, value in parameters if id(value) not in taken]
    decayed = [value for name, value in rest if value.ndim > 1 and "pos_embedding" not in name]
    plain = [value for name, value in rest if value.ndim <= 1 or "pos_embedding" in name]
    groups = [{"params": decayed, "weight_decay": settings.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(groups, lr=settings.learning_rate, betas=settings.betas, fused=True)
    ]
    if hidden:
        muon = torch.optim.Muon(
            hidden,
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
            momentum=settings.betas[1],
            adjust_lr_fn="match_rms_adamw",
        )
        optimizers.append(muon)
    return optimizers


def _leads_in_or_out(name: str) -> bool:
    return any(part in name for part in NOT_HIDDEN)


def require_whole_matrices(settings: LoopSettings, accelerator: Accelerator) -> None:
    """Raises ValueError if Muon is asked for while processes share the matrices."""
    if settings.optimizer == "muon" and accelerator.distributed_type not in WHOLE_NETWORK:
        raise ValueError(
            f"Muon needs whole matrices, which {accelerator.distributed_type.value} does not keep: set loop.optimizer "
            "to adamw, or train with DDP."
        )


def learning_rate(step: int, settings: LoopSettings) -> float:
    """The rate of optimiser step number `step`, counted from zero."""
    rate = settings.learning_rate * min(1.0, (step + 1) / max(settings.warmup_steps, 1))
    start = settings.decay_start * settings.steps
    if settings.decay == "none" or step < start:
        return rate
    done = (step - start) / max(settings.steps - start, 1)
    return rate * (1.0 - done if settings.decay == "linear" else 0.5 + 0.5 * math.cos(math.pi * done))
